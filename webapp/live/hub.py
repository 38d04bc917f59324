"""The hub: takes the news of all scans from Redis once a process, and hands it to every stream that shows them."""

import datetime as dt
import itertools
import logging
import secrets
import signal
import socket
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, Final

import redis
from flask import Flask

from webapp.live import frames
from webapp.live.audience import Audience
from webapp.live.events import CHANNEL, format_time
from webapp.live.frames import Frame, MalformedEvent, fold
from webapp.live.mailbox import Mailbox
from webapp.live.scope import Scope
from webapp.live.subscription import Subscription
from webapp.live.tally import Tally
from webapp.scans import queries

log = logging.getLogger(__name__)

#: Each stream holds a thread of its process: gunicorn needs this many threads, and some more for requests.
MAX_STREAMS: Final = 48
#: Between two tries to reach Redis; each is twice as long as the one before.
_FIRST_RETRY_SECONDS: Final = 0.05
_LAST_RETRY_SECONDS: Final = 2.0
_FAREWELL_SECONDS: Final = 0.3
#: Those of this process: a signal knows no app.
_hubs: Final = weakref.WeakSet["Hub"]()


class StreamRefused(Exception):
    """This process can serve no further stream; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a hub does what."""

    #: Routers cut what is silent for 30 to 55 seconds.
    heartbeat_seconds: float = 15.0
    #: News of one scan within this time is told once; the first after quiet goes at once.
    tick_seconds: float = 0.05
    counts_seconds: float = 0.5
    #: Without a word from Redis for this long it is asked, and again this long later it is taken for lost.
    quiet_seconds: float = 5.0


class Hub:
    """One for each process. Its threads start with its first stream: by then gunicorn has forked."""

    def __init__(
        self,
        redis_url: str,
        count: Callable[[str | None], Mapping[str, int]],
        *,
        pace: Pace,
        max_streams: int,
    ) -> None:
        self._redis_url = redis_url
        self._pace = pace
        self._max_streams = max_streams
        self._numbers = itertools.count(1)
        self._epoch = ""
        self._audience = Audience()
        self._is_standing = False
        #: Held to read or change the two above.
        self._lock = threading.Lock()
        self._left = threading.Condition(self._lock)
        self._closing = threading.Event()
        self._tally = Tally(count, self._tell_counts, is_awaited=self._awaits_counts, pause_seconds=pace.counts_seconds)
        #: What the next tick tells; the hub's own thread alone touches it.
        self._pending: dict[str, Frame] = {}
        self._flush_at = 0.0
        _hubs.add(self)

    def join(self, scope: Scope, client: socket.socket | None) -> Mailbox:
        """A mailbox for a browser's stream, to be given back with ``leave``; raises StreamRefused."""
        with self._lock:
            if self._closing.is_set():
                raise StreamRefused("This server is about to stop.")
            if len(self._audience) >= self._max_streams:
                raise StreamRefused("This server has as many live pages as it can serve.")
            self._start_once()
            mailbox = Mailbox(scope, client)
            self._audience.add(mailbox)
            if self._is_standing:
                self._open([mailbox])
        return mailbox

    def leave(self, mailbox: Mailbox) -> None:
        with self._left:
            self._audience.remove(mailbox)
            self._left.notify_all()
        mailbox.close()

    def chunks(self, mailbox: Mailbox) -> Iterator[bytes]:
        """The stream itself: ends when the browser hung up or the hub closed."""
        yield frames.first_bytes()
        while not mailbox.is_over and mailbox.wait(self._pace.heartbeat_seconds):
            yield mailbox.take() or frames.HEARTBEAT

    def close(self) -> None:
        """End every stream and take no more; those who do not even read the farewell are cut off."""
        self._closing.set()
        self._tally.close()
        with self._left:
            for mailbox in self._audience:
                mailbox.end()
            self._left.wait_for(lambda: not len(self._audience), timeout=_FAREWELL_SECONDS)
            for mailbox in self._audience:
                mailbox.hang_up()

    @property
    def open_streams(self) -> int:
        with self._lock:
            return len(self._audience)

    def _start_once(self) -> None:
        if not self._epoch:
            self._epoch = secrets.token_hex(8)
            self._tally.start()
            threading.Thread(target=self._run, name="hub", daemon=True).start()

    def _run(self) -> None:
        retry_seconds = _FIRST_RETRY_SECONDS
        while not self._closing.is_set():
            try:
                with Subscription(self._redis_url, CHANNEL, quiet_seconds=self._pace.quiet_seconds) as subscription:
                    retry_seconds = _FIRST_RETRY_SECONDS
                    self._stands()
                    self._pump(subscription)
            except (redis.RedisError, OSError) as error:
                level = logging.WARNING if retry_seconds == _FIRST_RETRY_SECONDS else logging.DEBUG
                log.log(level, "no news, Redis is away error=%s", type(error).__name__)
            except Exception:  # whatever failed, the pages of this process must not stand still for ever
                log.exception("the hub starts over")
            self._lost()
            self._closing.wait(retry_seconds)
            retry_seconds = min(2 * retry_seconds, _LAST_RETRY_SECONDS)

    def _pump(self, subscription: Subscription) -> None:
        while not self._closing.is_set():
            line = subscription.read(self._seconds_to_flush())
            if line is not None:
                self._receive(line)
            if self._pending and time.monotonic() >= self._flush_at:
                self._flush()

    def _seconds_to_flush(self) -> float:
        return max(0.0, self._flush_at - time.monotonic()) if self._pending else self._pace.quiet_seconds

    def _receive(self, line: bytes) -> None:
        try:
            fold(self._pending, frames.read_event(line, next(self._numbers)))
        except MalformedEvent as error:
            log.warning("malformed event dropped bytes=%d error=%s", len(line), error)

    def _flush(self) -> None:
        with self._lock:
            self._audience.deliver(self._pending)
        self._tally.changed({None, *(frame.batch_id for frame in self._pending.values())})
        self._pending = {}
        self._flush_at = time.monotonic() + self._pace.tick_seconds

    def _stands(self) -> None:
        log.info("news flows from Redis")
        with self._lock:
            self._is_standing = True
            self._open([*self._audience])

    def _open(self, mailboxes: Collection[Mailbox]) -> None:
        """Only now does a page that loads its list miss nothing that comes after."""
        now = format_time(dt.datetime.now(dt.UTC))
        opening = self._notice("open", {"server_time": now, "epoch": self._epoch})
        for mailbox in mailboxes:
            mailbox.stands(opening)
        self._tally.changed({batch_id for mailbox in mailboxes for batch_id in mailbox.scope.counted})

    def _lost(self) -> None:
        with self._lock:
            was_standing, self._is_standing = self._is_standing, False
            for mailbox in self._audience if was_standing else ():
                mailbox.lost()

    def _tell_counts(self, batch_id: str | None, counts: Mapping[str, int]) -> None:
        text = self._notice("counts", {"batch_id": batch_id, "counts": dict(counts)})
        with self._lock:
            self._audience.tell_counts(batch_id, text)

    def _awaits_counts(self, batch_id: str | None) -> bool:
        with self._lock:
            return self._audience.awaits_counts(batch_id)

    def _notice(self, event: str, content: dict[str, Any]) -> bytes:
        return frames.notice(event, content, next(self._numbers))


def init_app(app: Flask, redis_url: str) -> None:
    app.extensions["tilldone.hub"] = Hub(redis_url, partial(_count, app), pace=Pace(), max_streams=MAX_STREAMS)


def get_hub(app: Flask) -> Hub:
    hub: Hub = app.extensions["tilldone.hub"]
    return hub


def stop_on_sigterm() -> None:
    """For a gunicorn worker, which waits for its threads before it stops: end the streams that hold them.

    SIGINT and SIGQUIT stop it as well, from a terminal.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, partial(_close_first, signal.getsignal(number)))
        signal.siginterrupt(number, False)


def _close_first(then: Any, number: int, frame: FrameType | None) -> None:
    # On a thread, since the one that the signal interrupted may hold a lock.
    threading.Thread(target=_close_all, name="hub-close").start()
    if callable(then):
        then(number, frame)


def _close_all() -> None:
    for hub in tuple(_hubs):
        hub.close()


def _count(app: Flask, batch_id: str | None) -> dict[str, int]:
    with app.app_context():
        which = queries.Filter(batch_id=uuid.UUID(batch_id) if batch_id else None)
        return {state.value: count for state, count in queries.count_by_state(which).items()}
