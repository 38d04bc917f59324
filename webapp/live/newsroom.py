"""The newsroom: decides what each stream is told and when; it knows no socket, no thread and no clock."""

import itertools
import logging
import math
import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from webapp.live import frames
from webapp.live.audience import Audience
from webapp.live.backlog import pieces
from webapp.live.frames import SUBSCRIPTION, Frame, MalformedEvent, fold
from webapp.live.mailbox import Stream
from webapp.live.pace import Pace
from webapp.live.scope import Scope

log = logging.getLogger(__name__)

#: Streams for which a turn asks how their scans stand, and which it tells it: news must not wait for all of them.
_MOST_ASKED_FOR: Final = 500
_MOST_TOLD: Final = 100
#: Rounds of the recall that a crowd may have ahead of somebody who comes now.
_MOST_ROUNDS: Final = 4
#: What a stream begins with, and what it goes on with after news was missed.
_OPEN: Final = "open"
_RESYNC: Final = "resync"


class Newsroom:
    """Belongs to the hub's thread, which alone may call it."""

    def __init__(
        self,
        pace: Pace,
        *,
        ask_for_counts: Callable[[Iterable[str | None]], None],
        ask_for_states: Callable[[Collection[str]], int],
        forget_states: Callable[[], None],
        server_time: Callable[[], str],
    ) -> None:
        self.audience = Audience()
        self.epoch = secrets.token_hex(8)
        self._pace = pace
        self._ask_for_counts = ask_for_counts
        self._ask_for_states = ask_for_states
        self._forget_states = forget_states
        self._server_time = server_time
        self._numbers = itertools.count(1)
        self._is_standing = False
        #: Whose scans are still to be asked for, since it stands again.
        self._unasked: deque[Stream] = deque()
        #: By the round of the recall that tells how their scans stand: then they are told that it does.
        self._untold: defaultdict[int, list[Stream]] = defaultdict(list)
        #: How they stand, and who is still to be told of it; each time streams of one scope.
        self._known: deque[tuple[Mapping[str, Frame], list[Stream]]] = deque()
        #: Who is still to be told that it stands, and reads its list by itself then.
        self._waiting: deque[Stream] = deque()
        self._welcome_at = -math.inf
        #: What the next tick tells.
        self._pending: dict[str, Frame] = {}
        self._flush_at = -math.inf
        #: Counts that wait for news to go along with, and until when.
        self._pending_counts: dict[str, Frame] = {}
        self._counts_at = math.inf
        #: The counts that were told last, as long as no news contradicts them.
        self._counts: dict[str | None, bytes] = {}

    def join(self, stream: Stream) -> None:
        self.audience.add(stream)
        if self._is_standing and not self._is_recalled(stream):
            self._open([stream], None)

    def leave(self, stream: Stream) -> None:
        """Twice is once."""
        self.audience.remove(stream)
        for batch_id in stream.scope.counted:
            if not self.audience.awaits_counts(batch_id):
                self._counts.pop(batch_id, None)

    def stands(self) -> None:
        """The subscription does: only now does a page that reads its list miss nothing that comes after."""
        self._is_standing = True
        self._unasked = deque(self.audience)

    def tell_states(self, number: int, states: Mapping[str, Frame] | None) -> None:
        """Of the scans of a round, read since it was asked for; None: those who asked have to read them themselves."""
        streams = self._untold.pop(number, [])
        if states is None:
            self._waiting.extend(streams)
            return
        by_scope: defaultdict[Scope, list[Stream]] = defaultdict(list)
        for stream in streams:
            by_scope[stream.scope].append(stream)
        for alike in by_scope.values():
            self._known.extend((states, alike[at : at + _MOST_TOLD]) for at in range(0, len(alike), _MOST_TOLD))

    def lost(self) -> None:
        """The subscription is; told once."""
        if self._is_standing:
            self._is_standing = False
            self._unasked.clear()
            self._untold.clear()
            self._known.clear()
            self._waiting.clear()
            self._forget_states()
            self._counts, self._pending_counts, self._counts_at = {}, {}, math.inf
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
        if self._known or (self._unasked and len(self._untold) < _MOST_ROUNDS):
            return -math.inf
        return min(
            self._flush_at if self._pending else math.inf,
            self._counts_at,
            self._welcome_at if self._waiting else math.inf,
        )

    def turn(self, now: float) -> None:
        """The first news after quiet goes at once, and what follows within a tick together."""
        self._recall_next()
        self._tell_next()
        if self._waiting and now >= self._welcome_at:
            self._welcome_at = now + self._pace.welcome_seconds
            self._welcome(self._pace.welcomes)
        if self._pending_counts and self._counts_at == math.inf:
            self._counts_at = now + self._pace.counts_wait_seconds
        if (self._pending and now >= self._flush_at) or now >= self._counts_at:
            self._flush(now)

    def tell_counts(self, batch_id: str | None, counts: Mapping[str, int]) -> None:
        pause_ms = self._pace.look_ms(len(self.audience))
        content = {"batch_id": batch_id, "counts": dict(counts), "pause_ms": pause_ms}
        frame = frames.counted(batch_id, content, next(self._numbers))
        if self.audience.awaits_counts(batch_id):
            self._counts[batch_id] = frame.text
            self._pending_counts[frame.about] = frame

    def _flush(self, now: float) -> None:
        news, self._pending = self._pending, {}
        counts, self._pending_counts = self._pending_counts, {}
        self._flush_at, self._counts_at = now + self._pace.tick(len(self.audience)), math.inf
        self.audience.deliver([*news.values(), *counts.values()])
        if news:
            self._recount({None, *(frame.batch_id for frame in news.values())})

    def _recount(self, batch_ids: Iterable[str | None]) -> None:
        for batch_id in batch_ids:
            self._counts.pop(batch_id, None)
        self._ask_for_counts(batch_ids)

    def _recall_next(self) -> None:
        for _ in range(min(_MOST_ASKED_FOR, len(self._unasked))):
            if len(self._untold) >= _MOST_ROUNDS:
                return
            stream = self._unasked.popleft()
            if stream in self.audience and not self._is_recalled(stream):
                self._waiting.append(stream)

    def _tell_next(self) -> None:
        left = _MOST_TOLD
        while self._known and left > 0:
            states, streams = self._known.popleft()
            left -= len(streams)
            self._tell(states, [stream for stream in streams if stream in self.audience])

    def _tell(self, states: Mapping[str, Frame], streams: Sequence[Stream]) -> None:
        """How the scans stand that they all show."""
        if not streams:
            return
        scan_ids = streams[0].scope.scan_ids or ()
        shown = {scan_id: states[scan_id] for scan_id in sorted(scan_ids) if scan_id in states}
        for news in pieces(shown):
            text = b"".join(frame.text for frame in news.values())
            for stream in streams:
                stream.deliver(text, news)
        self._open(streams, shown)

    def _is_recalled(self, stream: Stream) -> bool:
        """Whether it will be told how its scans stand; of a whole list nobody knows what its page shows."""
        scan_ids = stream.scope.scan_ids
        if scan_ids is None:
            return False
        self._untold[self._ask_for_states(scan_ids)].append(stream)
        return True

    def _welcome(self, most: int) -> None:
        next_ones = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._open([stream for stream in next_ones if stream in self.audience], None)

    def _open(self, streams: Iterable[Stream], states: Mapping[str, Frame] | None) -> None:
        """For these browsers the subscription stands the first time, or again.

        ``states``: how their scans stand, as they were just told; None where they have to read them.
        """
        content: dict[str, Any] = {"server_time": self._server_time(), "epoch": self.epoch}
        if states is not None:
            content["revisions"] = {scan_id: frame.revision for scan_id, frame in states.items()}
        opening, again = (self._notice(kind, content) for kind in (_OPEN, _RESYNC))
        for stream in streams:
            stream.tell(SUBSCRIPTION if stream.is_open else _OPEN, again if stream.is_open else opening)
            stream.is_open = True
            self._tell_known_counts(stream)

    def _tell_known_counts(self, stream: Stream) -> None:
        for batch_id in stream.scope.counted:
            if batch_id in self._counts:
                stream.tell(f"counts of {batch_id}", self._counts[batch_id])
            else:
                self._ask_for_counts([batch_id])

    def _notice(self, event: str, content: dict[str, Any]) -> bytes:
        return frames.notice(event, content, next(self._numbers))
