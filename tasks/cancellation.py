"""Ends an exchange from another thread, by shutting the connection that it waits on."""

import contextlib
import socket
import threading

from tasks.failures import FetchFailed
from webapp.scans.exchange import Failure
from webapp.scans.states import ErrorCode, Outcome


class Cancellation:
    """One exchange's: whoever sees that its result is not wanted any more calls ``cancel``, from any thread."""

    def __init__(self) -> None:
        self.is_set = False
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None

    def cancel(self) -> None:
        with self._lock:
            self.is_set = True
            if self._connection is not None:
                with contextlib.suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise FetchFailed if it was canceled."""
        if self.is_set:
            words = "Given up: the result is not wanted any more."
            raise FetchFailed(Failure(Outcome.CANCELED, ErrorCode.UNKNOWN, words))

    def watch(self, opened: socket.socket) -> None:
        """The exchange waits on this one from now on."""
        # A handle of our own: the exchange may close its own at any moment, and the number may go to another's.
        self.release(opened.dup())
        self.check()

    def release(self, following: socket.socket | None = None) -> None:
        """Nothing is waited on any more, or another connection is; needed in the end, or it would stay open."""
        with self._lock:
            before, self._connection = self._connection, following
        if before is not None:
            before.close()
