"""Frames: the bytes of a stream, each encoded once however many browsers it goes to."""

import json
import random
from dataclasses import dataclass
from typing import Any, Final

from webapp.live.events import encode
from webapp.live.scope import ALL, batch_topic, counts_topic, scan_topic
from webapp.scans.change import Change

#: A comment: it keeps routers from cutting a quiet stream, and its failure tells that the browser has gone.
HEARTBEAT: Final = b":\n\n"
#: The kind of the next two: a browser that does not keep up needs the last of them only.
SUBSCRIPTION: Final = "subscription"
#: The subscription is gone: news may be missed from now on.
LOST: Final = b"event: lost\ndata: {}\n\n"
#: News was missed, none will be from now on: time to load the list again.
RESYNC: Final = b"event: resync\ndata: {}\n\n"
#: What a browser that comes back costs web.
_RETURN_MS: Final = 4
#: A server that stops takes its time to go: who came sooner would still find it.
_STOPPING_MS: Final = 2000


class MalformedEvent(Exception):
    """What came from the channel is not news of a scan."""


@dataclass(frozen=True, slots=True)
class Frame:
    """News of one scan, or the counts of one list."""

    #: The scan's id, or a name for the counts.
    about: str
    batch_id: str | None
    revision: int
    text: bytes
    topics: tuple[str, ...]


def read_event(line: bytes, number: int) -> Frame:
    """The frame of a line as it was published; raises MalformedEvent."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        raise MalformedEvent("not JSON") from None
    match event:
        case {"id": str(scan_id), "batch_id": str() | None as batch_id, "revision": int(revision)}:
            pass
        case _:
            raise MalformedEvent("no id, batch_id and revision")
    if b"\n" in line or b"\r" in line:
        raise MalformedEvent("more than one line")
    return _of_scan(scan_id, batch_id, revision, _frame("scan", line, number))


def told(change: Change) -> Frame:
    """How a scan stands, for a stream that begins; no event, and so without a number."""
    batch_id = str(change.batch_id) if change.batch_id else None
    return _of_scan(str(change.id), batch_id, change.revision, _frame("scan", encode(change)))


def counted(batch_id: str | None, content: dict[str, Any], number: int) -> Frame:
    """The counts of a list, as of this number."""
    topics = (counts_topic(batch_id),)
    return Frame(f"counts of {batch_id}", batch_id, number, notice("counts", content, number), topics)


def fold(newest: dict[str, Frame], frame: Frame) -> None:
    """Keep the newest frame of each scan and list, in the order they came."""
    known = newest.get(frame.about)
    if known is not None:
        if known.revision >= frame.revision:
            return
        del newest[frame.about]
    newest[frame.about] = frame


def notice(event: str, content: dict[str, Any], number: int) -> bytes:
    """News of anything but a scan."""
    return _frame(event, json.dumps(content, separators=(",", ":")).encode(), number)


def first_bytes(streams: int) -> bytes:
    """Sent at once, since routers and browsers take a silent answer for a dead one.

    The time to wait before coming back is each browser's own, and longer beside many others: should this server be
    killed they come within seconds of each other, and not all at once.
    """
    return b": hello\nretry: %d\n\n" % random.randint(800, 1500 + _RETURN_MS * streams)


def farewell(streams: int) -> bytes:
    """The last frame; browsers come back at a pace at which a server can take them in."""
    return b"retry: %d\nevent: bye\ndata: {}\n\n" % random.randint(_STOPPING_MS, max(6000, _RETURN_MS * streams))


def _of_scan(scan_id: str, batch_id: str | None, revision: int, text: bytes) -> Frame:
    topics = (scan_topic(scan_id), ALL, *([batch_topic(batch_id)] if batch_id else ()))
    return Frame(scan_id, batch_id, revision, text, topics)


def _frame(event: str, line: bytes, number: int | None = None) -> bytes:
    numbered = b"" if number is None else b"id: %d\n" % number
    return b"event: %b\n%bdata: %b\n\n" % (event.encode(), numbered, line)
