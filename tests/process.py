"""A real process of the product under test: its output is watched, and none is left behind."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


class Process:
    """Starts at once, in a group of its own; ``wait_for`` waits for a text in what it prints."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self._lines: list[str] = []
        self._printed = threading.Condition()
        self._popen = subprocess.Popen(
            argv,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def output(self) -> str:
        with self._printed:
            return "".join(self._lines)

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    def wait_for(self, text: str, timeout: float = 20) -> None:
        """Until the text was printed; raises AssertionError with all that was printed otherwise."""
        with self._printed:
            found = self._printed.wait_for(lambda: text in "".join(self._lines) or not self.is_running, timeout)
            printed = "".join(self._lines)
        assert found and text in printed, f"{text!r} was not printed within {timeout} s:\n{printed}"

    def signal(self, number: int) -> None:
        """To the process alone."""
        self._popen.send_signal(number)

    def signal_group(self, number: int) -> None:
        """To the process and all its children, as a platform does."""
        try:
            os.killpg(self._popen.pid, number)
        except ProcessLookupError:
            pass

    def wait(self, timeout: float = 20) -> int:
        """Until it ended; returns its exit status."""
        status = self._popen.wait(timeout)
        self._reader.join(timeout)
        return status

    def stop(self, timeout: float = 15) -> None:
        """Ask, then make sure."""
        if self.is_running:
            self.signal(signal.SIGTERM)
            try:
                self._popen.wait(timeout)
            except subprocess.TimeoutExpired:
                pass
        self.kill(timeout)

    def kill(self, timeout: float = 15) -> None:
        """Without asking, and its children with it."""
        self.signal_group(signal.SIGKILL)
        self._popen.wait(timeout)

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            with self._printed:
                self._lines.append(line)
                self._printed.notify_all()
        with self._printed:
            self._printed.notify_all()
