"""What an exchange may still use, and the socket that keeps to it."""

import io
import time
from typing import Any, Final

from tasks.cancellation import Cancellation
from tasks.failures import FetchFailed, connect_timeout_failure, read_timeout_failure, socket_failure, timeout_failure
from webapp.scans.exchange import Failure, Timeouts
from webapp.scans.states import ErrorCode, Outcome

_EARLY_SECONDS: Final = 0.005
#: For a status line and headers, and provisional answers before them.
MAX_HEAD_BYTES: Final = 256 * 1024


class TooManyBytes(FetchFailed):
    """The target sent more than the exchange may take in; what came before is whole."""


class Meter:
    """What one exchange may still use: time until its deadline, and bytes on the wire."""

    def __init__(self, timeouts: Timeouts, max_wire_bytes: int, cancellation: Cancellation) -> None:
        self._timeouts = timeouts
        self.cancellation = cancellation
        self.phases: dict[str, float] = {}
        #: The target closed its side, and somebody wanted to read on.
        self.has_ended = False
        self._connected: float | None = None
        self._ends = time.monotonic() + timeouts.total
        #: When the connection that is being made must stand.
        self._connect_ends: float | None = None
        self._max_bytes = self._bytes_left = max_wire_bytes
        self._head_bytes_left = 0

    def left(self) -> float:
        """Seconds to the deadline; raises FetchFailed when there are none, or when nobody wants the result."""
        self.cancellation.check()
        now = time.monotonic()
        if self._ends <= now:
            raise FetchFailed(timeout_failure(self._timeouts.total))
        if self._connect_ends is None:
            return self._ends - now
        if self._connect_ends <= now:
            raise FetchFailed(self.time_is_over())
        return min(self._ends, self._connect_ends) - now

    def silence_left(self) -> float:
        """Seconds for which the target may say nothing; raises FetchFailed as ``left`` does."""
        left = self.left()
        return left if self._timeouts.read is None else min(left, self._timeouts.read)

    def time_is_over(self) -> Failure:
        """Which of the limits was met by whoever had to wait until now."""
        timeouts, now = self._timeouts, time.monotonic()
        # A timeout may ring a little early.
        if self._ends <= now + _EARLY_SECONDS:
            return timeout_failure(timeouts.total)
        if self._connect_ends is not None:
            return connect_timeout_failure(timeouts.connect or timeouts.total)
        # Without a limit of its own the system gave up, which no policy has asked for.
        return read_timeout_failure(timeouts.read) if timeouts.read else timeout_failure(timeouts.total)

    def connection_begins(self) -> None:
        """From the lookup to the end of the handshake; each redirect may begin another one."""
        if self._timeouts.connect is not None:
            self._connect_ends = time.monotonic() + self._timeouts.connect

    def count(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise _too_many(f"The server sent more than {self._max_bytes // 1024} KiB without coming to an end.")
        if self._connected is not None:
            self._head_bytes_left -= size
            if self._head_bytes_left < 0:
                raise _too_many(f"The headers of the answer are larger than {MAX_HEAD_BYTES // 1024} KiB.")

    def connection_stands(self) -> None:
        self._connected = time.monotonic()
        self._connect_ends = None
        self._head_bytes_left = MAX_HEAD_BYTES

    def wait_is_over(self) -> None:
        """The first bytes came, or never will: the wait for them began when the connection stood, if it did."""
        if self._connected is not None:
            self.add("first_byte", self._connected)
            self._connected = None

    def add(self, phase: str, started: float) -> None:
        """Add the time since ``started`` (monotonic seconds) to the phase."""
        self.phases[phase] = self.phases.get(phase, 0.0) + (time.monotonic() - started) * 1000


def _too_many(words: str) -> TooManyBytes:
    return TooManyBytes(Failure(Outcome.NETWORK_ERROR, ErrorCode.BAD_RESPONSE, words))


class MeteredSocket:
    """A connected socket whose every send and receive is counted and ends at the deadline."""

    def __init__(self, sock: Any, meter: Meter) -> None:
        self._sock, self._meter = sock, meter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: Any, *flags: int) -> None:
        self._sock.settimeout(self._meter.left())
        try:
            self._sock.sendall(data, *flags)
        except (BrokenPipeError, ConnectionResetError):
            raise  # urllib3 reads on: a server may answer 413, and close, before it has read the whole body
        except OSError as error:
            raise FetchFailed(socket_failure(error, self._meter.time_is_over())) from error

    def makefile(self, mode: str = "rb", *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_MeteredReader(self._sock, self._meter), 64 * 1024)


class _MeteredReader(io.RawIOBase):
    """The raw end of ``makefile``; socket.makefile's own keeps the socket open until both are closed."""

    def __init__(self, sock: Any, meter: Meter) -> None:
        self._sock, self._meter = sock, meter
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._meter.silence_left())
        try:
            size: int = self._raw.readinto(buffer)
        except OSError as error:
            raise FetchFailed(socket_failure(error, self._meter.time_is_over())) from error
        if size == 0:
            self._meter.has_ended = True
        self._meter.count(size)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()
