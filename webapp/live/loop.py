"""The loop: the one thread of a hub, which waits for Redis, for the browsers and for what other threads ask of it."""

import logging
import math
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final

import redis

from webapp.live import frames
from webapp.live.bell import Bell
from webapp.live.events import CHANNEL, format_time
from webapp.live.mailbox import Stream
from webapp.live.newsroom import Newsroom
from webapp.live.pace import Pace
from webapp.live.recall import Frames, Reading, Recall
from webapp.live.scope import Scope
from webapp.live.socket_stream import SocketStream
from webapp.live.sockets import Sockets
from webapp.live.subscription import Subscription
from webapp.live.tally import Tally

log = logging.getLogger(__name__)

#: Between two tries to reach Redis; each is twice as long as the one before.
_FIRST_RETRY_SECONDS: Final = 0.05
_LAST_RETRY_SECONDS: Final = 2.0
#: After a fault of our own.
_REST_SECONDS: Final = 0.1


class Loop:
    """Other threads only ask: what they ask for is done here, one thing after the other, so that nothing is locked."""

    def __init__(
        self,
        redis_url: str,
        count: Callable[[str | None], Mapping[str, int]],
        recall: Callable[[Collection[str]], Reading],
        *,
        pace: Pace,
        forget: Callable[[SocketStream], None],
    ) -> None:
        self._redis_url = redis_url
        self._pace = pace
        self._forget = forget
        self._bell = Bell()
        self._asked: deque[Callable[[], None]] = deque()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, selectors.EVENT_READ, self._do_what_was_asked)
        self._tally = Tally(count, self._tell_counts, is_awaited=self._awaits_counts, pause_seconds=pace.counts_seconds)
        self._recall = Recall(recall, self._tell_states)
        self._newsroom = Newsroom(
            pace,
            ask_for_counts=self._tally.changed,
            ask_for_states=self._recall.ask,
            forget_states=self._recall.forget,
            server_time=self._server_time,
        )
        self._sockets = Sockets(self._selector, pace)
        self._subscription: Subscription | None = None
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)

    def start(self) -> None:
        self._tally.start()
        self._recall.start()
        self._thread.start()
        self._seek_redis(0.0)

    def ask(self, task: Callable[[], None]) -> None:
        """Of any thread; what one thread asks is done in its order."""
        self._asked.append(task)
        self._bell.ring()

    def admit(self, client: socket.socket, scope: Scope, head: bytes, remember: Callable[[SocketStream], None]) -> None:
        """The connection is the loop's from now on."""
        self.ask(partial(self._admit, client, scope, head, remember))

    def join(self, stream: Stream) -> None:
        self.ask(lambda: self._newsroom.join(stream))

    def leave(self, stream: Stream) -> None:
        self.ask(lambda: self._newsroom.leave(stream))

    def end(self, seconds: float) -> None:
        """Say farewell to every browser and be gone; gives up after so long."""
        self._tally.close()
        self._recall.close()
        self._is_ending.set()
        self.ask(lambda: None)
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._is_ending.is_set():
            try:
                self._turn()
            except Exception:  # whatever failed, the pages of this process must not stand still for ever
                log.exception("the hub starts over")
                self._lose_redis("a fault of the hub")
                self._is_ending.wait(_REST_SECONDS)
        try:
            self._do_what_was_asked(0)
            self._newsroom.turn(math.inf)
            self._say_farewell()
        finally:
            self._drop_subscription()
            self._selector.close()

    def _turn(self) -> None:
        due_at = min(self._newsroom.next_turn(), self._sockets.next_turn())
        for key, mask in self._selector.select(max(0.0, due_at - time.monotonic())):
            key.data(mask)
        now = time.monotonic()
        self._ask_redis(now)
        self._newsroom.turn(now)
        self._sockets.turn(now)
        self._forget_gone()

    def _do_what_was_asked(self, _mask: int) -> None:
        self._bell.silence()
        for _ in range(len(self._asked)):
            self._asked.popleft()()

    def _admit(
        self, client: socket.socket, scope: Scope, head: bytes, remember: Callable[[SocketStream], None]
    ) -> None:
        stream = self._sockets.add(client, scope)
        remember(stream)
        stream.send(head + frames.first_bytes(len(self._newsroom.audience)))
        self._newsroom.join(stream)

    def _forget_gone(self) -> None:
        for stream in self._sockets.take_gone():
            self._newsroom.leave(stream)
            self._forget(stream)

    def _say_farewell(self) -> None:
        streams = len(self._newsroom.audience)
        for stream in self._newsroom.audience:
            stream.end(frames.farewell(streams))
        self._forget_gone()

    def _seek_redis(self, pause_seconds: float) -> None:
        """On a thread of its own, since a host that vanished would hold up everything."""
        threading.Thread(target=self._connect, args=(pause_seconds,), name="hub-redis", daemon=True).start()

    def _connect(self, pause_seconds: float) -> None:
        while not self._is_ending.wait(pause_seconds):
            try:
                subscription = Subscription(self._redis_url, CHANNEL, quiet_seconds=self._pace.quiet_seconds)
                self.ask(partial(self._stands, subscription))
                return
            except (redis.RedisError, OSError) as error:
                level = logging.WARNING if pause_seconds <= _FIRST_RETRY_SECONDS else logging.DEBUG
                log.log(level, "no news, Redis is away error=%s", type(error).__name__)
            except Exception:
                log.exception("no news")
            pause_seconds = min(max(2 * pause_seconds, _FIRST_RETRY_SECONDS), _LAST_RETRY_SECONDS)

    def _stands(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._selector.register(subscription, selectors.EVENT_READ, self._hear)
        log.info("news flows from Redis")
        self._newsroom.stands()
        self._hear(0)

    def _hear(self, _mask: int) -> None:
        if self._subscription is None:
            return
        try:
            for line in self._subscription.receive():
                self._newsroom.receive(line)
        except (redis.RedisError, OSError) as error:
            self._lose_redis(type(error).__name__)

    def _ask_redis(self, now: float) -> None:
        if self._subscription is None:
            return
        try:
            self._subscription.ask_if_quiet(now)
        except (redis.RedisError, OSError) as error:
            self._lose_redis(type(error).__name__)

    def _lose_redis(self, why: str) -> None:
        if self._drop_subscription():
            log.warning("no news, Redis is away error=%s", why)
            self._newsroom.lost()
            self._seek_redis(_FIRST_RETRY_SECONDS)

    def _drop_subscription(self) -> bool:
        subscription, self._subscription = self._subscription, None
        if subscription is None:
            return False
        self._selector.unregister(subscription)
        subscription.close()
        return True

    def _tell_counts(self, batch_id: str | None, counts: Mapping[str, int]) -> None:
        self.ask(lambda: self._newsroom.tell_counts(batch_id, counts))

    def _tell_states(self, number: int, states: Frames) -> None:
        self.ask(lambda: self._newsroom.tell_states(number, states))

    def _awaits_counts(self, batch_id: str | None) -> bool:
        return self._newsroom.audience.awaits_counts(batch_id)

    def _server_time(self) -> str:
        return format_time(self._recall.now()) or ""
