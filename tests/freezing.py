"""Stops processes so that they are known to stand still: the signal alone returns before the last thread does."""

import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

_PATIENCE_SECONDS: Final = 10.0
_STANDING: Final = ("T", "Z", "X")


@contextlib.contextmanager
def frozen(pids: Collection[int]) -> Iterator[None]:
    """No thread of them runs inside of the block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not all(state in _STANDING for pid in pids for state in _thread_states(pid)):
            assert time.monotonic() < deadline, "it was not stopped"
            time.sleep(0.005)
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def members(group: int) -> list[int]:
    """The processes of a group."""
    found = []
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(pid) == group:
                found.append(pid)
    return found


def _thread_states(pid: int) -> list[str]:
    states = []
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # The name before it stands in parentheses, and may hold some.
            states.append(stat.read_text().rpartition(")")[2].split()[0])
    return states
