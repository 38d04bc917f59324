"""Whether a process that died is worth starting again: one that keeps dying has a reason that starts will not mend."""

import time
from collections import defaultdict, deque
from typing import Final

#: So many deaths of one process within so many seconds are one too many.
MAX_DEATHS: Final = 4
WINDOW_SECONDS: Final = 60.0


class Revival:
    """Counts deaths by name."""

    def __init__(self) -> None:
        self._deaths: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MAX_DEATHS))

    def is_worth_it(self, name: str, *, now: float | None = None) -> bool:
        """Note a death, at ``now`` of the monotonic clock, and say whether to start the process again."""
        deaths = self._deaths[name]
        deaths.append(time.monotonic() if now is None else now)
        return len(deaths) < MAX_DEATHS or deaths[-1] - deaths[0] > WINDOW_SECONDS
