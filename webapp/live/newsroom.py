"""The newsroom: decides what each stream is told and when; it knows no socket, no thread and no clock."""

import itertools
import logging
import math
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from webapp.live import frames
from webapp.live.audience import Audience
from webapp.live.frames import RESYNC, SUBSCRIPTION, Frame, MalformedEvent, fold
from webapp.live.mailbox import Stream
from webapp.live.pace import Pace

log = logging.getLogger(__name__)

#: The kind of the notice that a stream begins with.
_OPEN: Final = "open"


class Newsroom:
    """Belongs to the hub's thread, which alone may call it."""

    def __init__(self, pace: Pace, *, ask_for_counts: Callable[[Iterable[str | None]], None]) -> None:
        self.audience = Audience()
        self.epoch = secrets.token_hex(8)
        self._pace = pace
        self._ask_for_counts = ask_for_counts
        self._numbers = itertools.count(1)
        self._is_standing = False
        #: What the next tick tells.
        self._pending: dict[str, Frame] = {}
        self._flush_at = -math.inf
        #: The counts that were told last, as long as no news contradicts them.
        self._counts: dict[str | None, bytes] = {}

    def join(self, stream: Stream, server_time: str) -> None:
        self.audience.add(stream)
        if self._is_standing:
            self._open(stream, self._opening(server_time))

    def leave(self, stream: Stream) -> None:
        """Twice is once."""
        self.audience.remove(stream)
        for batch_id in stream.scope.counted:
            if not self.audience.awaits_counts(batch_id):
                self._counts.pop(batch_id, None)

    def stands(self, server_time: str) -> None:
        """The subscription does: only now does a page that loads its list miss nothing that comes after."""
        self._is_standing = True
        opening = self._opening(server_time)
        for stream in self.audience:
            self._open(stream, opening)

    def lost(self) -> None:
        """The subscription is; told once."""
        if self._is_standing:
            self._is_standing = False
            self._counts = {}
            for stream in self.audience:
                if stream.is_open:
                    stream.tell(SUBSCRIPTION, frames.LOST)

    def receive(self, line: bytes) -> None:
        try:
            fold(self._pending, frames.read_event(line, next(self._numbers)))
        except MalformedEvent as error:
            log.warning("malformed event dropped bytes=%d error=%s", len(line), error)

    def next_turn(self) -> float:
        """When there will be something to do."""
        return self._flush_at if self._pending else math.inf

    def turn(self, now: float) -> None:
        """The first news after quiet goes at once, and what follows within a tick together."""
        if self._pending and now >= self._flush_at:
            news, self._pending = self._pending, {}
            self._flush_at = now + self._pace.tick(len(self.audience))
            self.audience.deliver(news.values())
            self._recount({None, *(frame.batch_id for frame in news.values())})

    def tell_counts(self, batch_id: str | None, counts: Mapping[str, int]) -> None:
        text = self._notice("counts", {"batch_id": batch_id, "counts": dict(counts)})
        if self.audience.awaits_counts(batch_id):
            self._counts[batch_id] = text
        self.audience.tell_counts(batch_id, text)

    def _recount(self, batch_ids: Iterable[str | None]) -> None:
        for batch_id in batch_ids:
            self._counts.pop(batch_id, None)
        self._ask_for_counts(batch_ids)

    def _opening(self, server_time: str) -> bytes:
        return self._notice(_OPEN, {"server_time": server_time, "epoch": self.epoch})

    def _open(self, stream: Stream, opening: bytes) -> None:
        """For this browser the subscription stands the first time, or again."""
        if stream.is_open:
            stream.tell(SUBSCRIPTION, RESYNC)
        else:
            stream.is_open = True
            stream.tell(_OPEN, opening)
        for batch_id in stream.scope.counted:
            if batch_id in self._counts:
                stream.tell(f"counts of {batch_id}", self._counts[batch_id])
            else:
                self._ask_for_counts([batch_id])

    def _notice(self, event: str, content: dict[str, Any]) -> bytes:
        return frames.notice(event, content, next(self._numbers))
