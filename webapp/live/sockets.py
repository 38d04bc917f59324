"""The sockets: all the connections that a hub owns, each beaten, written on, and cut off when it is stuck."""

import selectors
import socket
from typing import Final

from webapp.live.pace import Pace
from webapp.live.scope import Scope
from webapp.live.socket_stream import SocketStream, bound_patience

#: The heartbeats are spread over so many moments, lest ten thousand of them hold up the news.
_SLOTS: Final = 60
_SWEEP_SECONDS: Final = 1.0


class Sockets:
    """Belongs to the hub's thread, which alone may call it."""

    def __init__(self, selector: selectors.BaseSelector, pace: Pace) -> None:
        self._selector = selector
        self._pace = pace
        self._slots: list[set[SocketStream]] = [set() for _ in range(_SLOTS)]
        self._next_slot = 0
        self._beat_at = 0.0
        self._sweep_at = 0.0
        self._lagging: set[SocketStream] = set()
        self._gone: list[SocketStream] = []

    def add(self, client: socket.socket, scope: Scope) -> SocketStream:
        client.setblocking(False)
        bound_patience(client)
        stream = SocketStream(client, scope, self)
        self._selector.register(client, selectors.EVENT_READ, stream.is_ready)
        self._slot(stream).add(stream)
        return stream

    def turn(self, now: float) -> None:
        """Do what is due."""
        if now >= self._beat_at:
            # Behind time it does not make up for what it missed.
            self._beat_at = max(now, self._beat_at + self._pace.heartbeat_seconds / _SLOTS)
            self._next_slot = (self._next_slot + 1) % _SLOTS
            for stream in self._slots[self._next_slot]:
                stream.beat()
        if now >= self._sweep_at:
            self._sweep_at = now + min(_SWEEP_SECONDS, self._pace.patience_seconds)
            self._sweep(now)

    def next_turn(self) -> float:
        return min(self._beat_at, self._sweep_at) if self._lagging else self._beat_at

    def take_gone(self) -> list[SocketStream]:
        """Those that are over since the last time; their connections are closed."""
        gone, self._gone = self._gone, []
        for stream in gone:
            self._lagging.discard(stream)
            self._slot(stream).discard(stream)
            self._selector.unregister(stream.client)
            stream.client.close()
        return gone

    def lags(self, stream: SocketStream) -> None:
        self._lagging.add(stream)
        self._selector.modify(stream.client, selectors.EVENT_READ | selectors.EVENT_WRITE, stream.is_ready)

    def keeps_up(self, stream: SocketStream) -> None:
        self._lagging.discard(stream)
        self._selector.modify(stream.client, selectors.EVENT_READ, stream.is_ready)

    def has_gone(self, stream: SocketStream) -> None:
        # Only noted: somebody may be in the middle of telling all of them something.
        self._gone.append(stream)

    def _sweep(self, now: float) -> None:
        for stream in self._lagging:
            if stream.is_stuck(now, patience_seconds=self._pace.patience_seconds):
                stream.cut()

    def _slot(self, stream: SocketStream) -> set[SocketStream]:
        return self._slots[stream.client.fileno() % _SLOTS]
