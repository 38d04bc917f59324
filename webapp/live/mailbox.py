"""The mailbox: what waits for one browser, bounded by what its page shows however slowly it reads."""

import contextlib
import os
import select
import socket
import threading
from collections.abc import Mapping
from typing import Final

from webapp.live import frames
from webapp.live.frames import Frame, fold
from webapp.live.scope import Scope

#: A page of all scans would let ever more of them wait; beyond this many it had better load its list again.
MOST_FRAMES: Final = 10_000
#: Linux tells at once that a browser hung up; elsewhere the next heartbeat fails.
_HUNG_UP: Final = getattr(select, "POLLRDHUP", select.POLLHUP)


class Mailbox:
    """Filled by the hub, emptied by the one thread that writes to the browser."""

    __slots__ = ("_bell", "_farewell", "_frames", "_lock", "_notices", "_was_open", "is_over", "scope")

    def __init__(self, scope: Scope, client: socket.socket | None) -> None:
        self.scope = scope
        #: The farewell was taken.
        self.is_over = False
        self._lock = threading.Lock()
        self._bell = _Bell(client)
        self._frames: dict[str, Frame] = {}
        #: The newest of each kind: a slow reader need not see every time that Redis came and went.
        self._notices: dict[str, bytes] = {}
        self._farewell = b""
        self._was_open = False

    def stands(self, opening: bytes) -> None:
        """The subscription stands: for this browser the first time, or again."""
        if self._was_open:
            self._put("subscription", frames.RESYNC)
        else:
            self._put("open", opening)
        self._was_open = True

    def lost(self) -> None:
        if self._was_open:
            self._put("subscription", frames.LOST)

    def counts(self, batch_id: str | None, text: bytes) -> None:
        self._put(f"counts of {batch_id}", text)

    def deliver(self, news: Mapping[str, Frame]) -> None:
        with self._lock:
            if self._frames:
                for frame in news.values():
                    fold(self._frames, frame)
            else:
                self._frames = dict(news)
            if len(self._frames) > MOST_FRAMES:
                self._frames = {}
                self._notices["subscription"] = frames.RESYNC
            self._bell.ring()

    def end(self) -> None:
        """What waits still goes out, then a farewell, then nothing."""
        with self._lock:
            self._farewell = frames.farewell()
            self._bell.ring()

    def wait(self, seconds: float) -> bool:
        """Until there is something to take or the time is over; False when the browser has hung up."""
        return self._bell.wait(seconds)

    def take(self) -> bytes:
        """All that waits; empty if nothing does."""
        with self._lock:
            self._bell.silence()
            waiting = [*self._notices.values(), *(frame.text for frame in self._frames.values()), self._farewell]
            self._notices = {}
            self._frames = {}
            self.is_over = bool(self._farewell)
        return b"".join(waiting)

    def hang_up(self) -> None:
        """On a browser that does not read: only so does the thread that writes to it wake."""
        with self._lock:
            self._bell.hang_up()

    def close(self) -> None:
        with self._lock:
            self._bell.close()
            self._frames = {}

    def _put(self, kind: str, text: bytes) -> None:
        with self._lock:
            self._notices[kind] = text
            self._bell.ring()


class _Bell:
    """Wakes a thread that watches its browser's connection at the same time, which no Condition could do."""

    __slots__ = ("_client", "_is_closed", "_is_rung", "_reader", "_writer")

    def __init__(self, client: socket.socket | None) -> None:
        self._client = client
        self._reader, self._writer = os.pipe()
        self._is_rung = False
        self._is_closed = False

    def ring(self) -> None:
        if not self._is_rung and not self._is_closed:
            os.write(self._writer, b"!")
            self._is_rung = True

    def silence(self) -> None:
        if self._is_rung and not self._is_closed:
            os.read(self._reader, 1)
        self._is_rung = False

    def wait(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        if self._client is not None:
            poll.register(self._client, _HUNG_UP)
        return all(descriptor == self._reader for descriptor, _ in poll.poll(seconds * 1000))

    def hang_up(self) -> None:
        if self._client is not None and not self._is_closed:
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            os.close(self._reader)
            os.close(self._writer)
