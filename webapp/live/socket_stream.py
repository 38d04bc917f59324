"""The stream of a browser whose connection the hub owns: sends without waiting, and remembers what did not go out."""

import contextlib
import selectors
import socket
import sys
from collections.abc import Mapping
from typing import Final, Protocol

from webapp.live.backlog import Backlog
from webapp.live.frames import HEARTBEAT, Frame
from webapp.live.scope import Scope

#: What the kernel may hold back for a browser that does not read; it would grow to megabytes.
_SEND_BUFFER_BYTES: Final = 64 * 1024
#: After this long without an answer from its network a browser is gone.
_UNANSWERED_MILLISECONDS: Final = 30_000
#: A browser has said all in its request; who keeps talking is no browser.
_MOST_HEARD_BYTES: Final = 64 * 1024
_READ_BYTES: Final = 4096


class Watch(Protocol):
    """Who waits for the connection, and is told what becomes of it."""

    def lags(self, stream: "SocketStream") -> None:
        """It takes no more for now: wait until it can be written to."""

    def keeps_up(self, stream: "SocketStream") -> None:
        """Nothing waits for it any more."""

    def has_gone(self, stream: "SocketStream") -> None:
        """It is over, and no longer of use."""


class SocketStream:
    """While the browser keeps up it is no more than its socket; only one that lags has a backlog."""

    __slots__ = ("_backlog", "_heard_bytes", "_rest", "_watch", "client", "is_gone", "is_open", "scope", "stalled_at")

    def __init__(self, client: socket.socket, scope: Scope, watch: Watch) -> None:
        self.client = client
        self.scope = scope
        self.is_open = False
        self.is_gone = False
        #: Since when it has taken nothing of what waits, once somebody looked.
        self.stalled_at: float | None = None
        self._watch = watch
        self._heard_bytes = 0
        self._backlog: Backlog | None = None
        #: Of what was sent only in part.
        self._rest: memoryview | None = None

    def deliver(self, text: bytes, news: Mapping[str, Frame]) -> None:
        if self._backlog is None:
            self.send(text)
        else:
            self._backlog.deliver(news)

    def tell(self, kind: str, text: bytes) -> None:
        if self._backlog is None:
            self.send(text)
        else:
            self._backlog.tell(kind, text)

    def beat(self) -> None:
        if self._backlog is None:
            self.send(HEARTBEAT)

    def end(self, farewell: bytes) -> None:
        if self._backlog is None and not self.is_gone:
            self.send(farewell)
            # A farewell that is followed by a reset would not be read.
            with contextlib.suppress(OSError):
                self.client.shutdown(socket.SHUT_WR)
        self._go()

    def send(self, text: bytes | memoryview) -> None:
        if self.is_gone:
            return
        try:
            sent = self.client.send(text)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._go()
            return
        if sent < len(text):
            self._rest = memoryview(text)[sent:]
            if self._backlog is None:
                self._backlog = Backlog()
                self._watch.lags(self)

    def is_ready(self, mask: int) -> None:
        """It can be read from, or written to, or both."""
        if mask & selectors.EVENT_READ:
            self.hear()
        if mask & selectors.EVENT_WRITE:
            self.write_on()

    def write_on(self) -> None:
        """It can be written to again."""
        self.stalled_at = None
        if self.is_gone or self._backlog is None:
            return
        text: bytes | memoryview = self._rest or self._backlog.take()
        self._rest = None
        if text:
            self.send(text)
        elif not self.is_gone:
            self._backlog = None
            self._watch.keeps_up(self)

    def hear(self) -> None:
        """It can be read from: most likely it has hung up."""
        try:
            heard = self.client.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            heard = b""
        self._heard_bytes += len(heard)
        if not heard or self._heard_bytes > _MOST_HEARD_BYTES:
            self._go()

    def is_stuck(self, now: float, *, patience_seconds: float) -> bool:
        """Whether it has taken nothing of what waits for so long; to be asked now and then."""
        if self.stalled_at is None:
            self.stalled_at = now
        return now - self.stalled_at >= patience_seconds

    def cut(self) -> None:
        self._go()

    def _go(self) -> None:
        if not self.is_gone:
            self.is_gone = True
            self._backlog = self._rest = None
            self._watch.has_gone(self)


def bound_patience(client: socket.socket) -> None:
    """Of the kernel, which by itself would hold megabytes for minutes."""
    with contextlib.suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    if client.family == socket.AF_UNIX:
        return
    with contextlib.suppress(OSError):
        # Without it a small frame waits until the browser's machine has confirmed the one before.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if sys.platform == "linux":
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED_MILLISECONDS)
