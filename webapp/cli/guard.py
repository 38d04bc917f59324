"""Run as a script beside `tilldone up`: ends its processes when it was killed and could not do so itself.

Reads one process group a line; the end of the input means that `up` is gone. Imports next to nothing, to stay small.
"""

import os
import signal
import sys
import time

_GRACE_SECONDS = 4.0


def signal_groups(groups: list[int], number: int) -> list[int]:
    """Returns the groups that are still there."""
    left = []
    for group in groups:
        try:
            os.killpg(group, number)
            left.append(group)
        except (ProcessLookupError, PermissionError):
            pass
    return left


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups = [int(line) for line in sys.stdin]
    deadline = time.monotonic() + _GRACE_SECONDS
    groups = signal_groups(groups, signal.SIGTERM)
    while groups and time.monotonic() < deadline:
        time.sleep(0.1)
        groups = signal_groups(groups, 0)
    signal_groups(groups, signal.SIGKILL)


if __name__ == "__main__":
    main()
