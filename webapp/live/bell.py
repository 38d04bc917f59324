"""The bell: wakes a thread that waits for sockets at the same time, which no Condition could do."""

import contextlib
import os


class Bell:
    """Any thread may ring it; the one that waits silences it first and then looks what there is to do."""

    __slots__ = ("_is_rung", "_reader", "_writer")

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._is_rung = False

    def fileno(self) -> int:
        return self._reader

    def ring(self) -> None:
        if not self._is_rung:
            self._is_rung = True
            os.write(self._writer, b"!")

    def silence(self) -> None:
        # In this order: whoever rings between the two has something to do that is looked for only after them.
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 64)
        self._is_rung = False

    def close(self) -> None:
        """Not to be rung again."""
        os.close(self._reader)
        os.close(self._writer)
