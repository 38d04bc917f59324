"""A target that costs next to nothing: one thread, one fixed JSON answer, and the time of each hit."""

import asyncio
import threading
import time
from types import TracebackType
from typing import Self

BODY = b'{"success": true, "status": "done", "rows": 1834}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (
    len(BODY),
    BODY,
)


class Target:
    """A context manager; ``hits`` holds a ``time.monotonic()`` for each request."""

    def __init__(self, *, delay_seconds: float = 0.0) -> None:
        self.delay_seconds = delay_seconds
        self.hits: list[float] = []
        self.port = 0
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def wait(self, count: int, timeout: float = 300) -> None:
        """Until so many requests have come since ``hits`` was cleared."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.hits) >= count, timeout):
                raise TimeoutError(f"{len(self.hits)} of {count} requests came within {timeout} s")

    def rate(self) -> float:
        """Requests a second between the first tenth and the last hit: the start of the worker is left out."""
        skipped = len(self.hits) // 10
        return (len(self.hits) - skipped - 1) / (self.hits[-1] - self.hits[skipped])

    def hit(self) -> None:
        with self._changed:
            self.hits.append(time.monotonic())
            self._changed.notify_all()

    async def _listen(self) -> int:
        server = await self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=1024)
        port: int = server.sockets[0].getsockname()[1]
        return port


class _Connection(asyncio.Protocol):
    def __init__(self, target: Target) -> None:
        self._target = target
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._received.endswith(b"\r\n\r\n"):
            self._target.hit()
            if self._target.delay_seconds:
                asyncio.get_running_loop().call_later(self._target.delay_seconds, self._answer)
            else:
                self._answer()

    def _answer(self) -> None:
        self._transport.write(ANSWER)
        self._transport.close()
