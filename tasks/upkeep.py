"""What the scheduler does to keep the database quick: fold counts, index texts, purge what was kept long enough."""

import time
from collections.abc import Callable
from typing import Final

from webapp.scans import lifecycle
from webapp.scans.counts import fold_counts
from webapp.scans.lifecycle import Outlook
from webapp.scans.search_index import index_texts

FOLD_LIMIT: Final = 2_000
INDEX_LIMIT: Final = 250
PURGE_LIMIT: Final = 100
SECONDS_A_DAY: Final = 86_400.0
#: Nothing of this is urgent: a step rests so many times as long as it took, and leaves the database to the others.
REST: Final = 3


class Upkeep:
    """The steps that are wanted now; each takes a bounded number of rows, and rests afterwards."""

    def __init__(self, keep_days: float) -> None:
        self._keep_seconds = keep_days * SECONDS_A_DAY
        self._rests_until: dict[str, float] = {}

    def steps(self, outlook: Outlook) -> list[Callable[[], int]]:
        wanted = {self.fold: outlook.has_changed_counts, self.index: outlook.has_unindexed, self.purge: False}
        if self._keep_seconds:
            wanted[self.purge] = outlook.seconds_until(outlook.finished_at) <= -self._keep_seconds
        return [step for step, is_wanted in wanted.items() if is_wanted and self._is_rested(step)]

    def fold(self) -> int:
        return self._paced(self.fold, lambda: fold_counts(FOLD_LIMIT))

    def index(self) -> int:
        return self._paced(self.index, lambda: index_texts(INDEX_LIMIT))

    def purge(self) -> int:
        return self._paced(self.purge, lambda: lifecycle.purge(PURGE_LIMIT, keep_seconds=self._keep_seconds))

    def _is_rested(self, step: Callable[[], int]) -> bool:
        return time.monotonic() >= self._rests_until.get(step.__name__, 0.0)

    def _paced(self, step: Callable[[], int], work: Callable[[], int]) -> int:
        started = time.monotonic()
        try:
            return work()
        finally:
            ended = time.monotonic()
            self._rests_until[step.__name__] = ended + REST * (ended - started)
