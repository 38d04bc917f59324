"""The stream of a browser whose connection the server keeps to itself: one of its threads pulls what is to be sent."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Final

from webapp.live.backlog import Backlog
from webapp.live.bell import Bell
from webapp.live.frames import HEARTBEAT, Frame
from webapp.live.scope import Scope

#: Linux tells at once that a browser hung up; elsewhere the next heartbeat fails.
_HUNG_UP: Final = getattr(select, "POLLRDHUP", select.POLLHUP)


class PulledStream:
    """Filled by the hub, emptied by the one thread that writes to the browser."""

    __slots__ = ("_backlog", "_bell", "_client", "_farewell", "_is_closed", "_is_over", "_lock", "is_open", "scope")

    def __init__(self, scope: Scope, client: socket.socket | None) -> None:
        self.scope = scope
        self.is_open = False
        self._client = client
        self._lock = threading.Lock()
        self._bell = Bell()
        self._backlog = Backlog()
        self._farewell = b""
        self._is_over = False
        self._is_closed = False

    def deliver(self, _text: bytes, news: Mapping[str, Frame]) -> None:
        with self._lock:
            self._backlog.deliver(news)
            self._ring()

    def tell(self, kind: str, text: bytes) -> None:
        with self._lock:
            self._backlog.tell(kind, text)
            self._ring()

    def end(self, farewell: bytes) -> None:
        with self._lock:
            self._farewell = farewell
            self._ring()

    def chunks(self, heartbeat_seconds: float) -> Iterator[bytes]:
        """Ends when the browser hung up or after the farewell."""
        while not self._is_over and self.wait(heartbeat_seconds):
            yield self.take() or HEARTBEAT

    def wait(self, seconds: float) -> bool:
        """Until there is something to take or the time is over; False when the browser has hung up."""
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        if self._client is not None:
            poll.register(self._client, _HUNG_UP)
        return all(descriptor == self._bell.fileno() for descriptor, _ in poll.poll(seconds * 1000))

    def take(self) -> bytes:
        """What waits, or the next piece of it; empty if nothing does."""
        with self._lock:
            if not self._is_closed:
                self._bell.silence()
            text = self._backlog.take()
            if self._backlog:
                self._ring()
            elif self._farewell:
                self._is_over = True
                text += self._farewell
            return text

    def hang_up(self) -> None:
        """On a browser that does not read: only so does the thread that writes to it wake."""
        with self._lock:
            if self._client is not None and not self._is_closed:
                with contextlib.suppress(OSError):
                    self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._bell.close()
                self._backlog = Backlog()

    def _ring(self) -> None:
        if not self._is_closed:
            self._bell.ring()
