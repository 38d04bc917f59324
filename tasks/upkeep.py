"""What the scheduler does to keep the database quick: fold counts, index texts, purge what was kept long enough."""

import time
from collections.abc import Callable
from typing import Final

from webapp.scans import lifecycle
from webapp.scans.counts import fold_counts
from webapp.scans.lifecycle import Outlook
from webapp.scans.search_index import index_texts

FOLD_LIMIT: Final = 5_000
INDEX_LIMIT: Final = 250
PURGE_LIMIT: Final = 100
SECONDS_A_DAY: Final = 86_400.0
#: Nothing of this is urgent: a step rests so many times as long as it took, and leaves the database to the others.
REST: Final = 3
#: And so long at least, so that a step finds more to do at once.
SHORTEST_REST_SECONDS: Final = 0.5


class Upkeep:
    """The steps that are wanted now and have rested; each takes a bounded number of rows."""

    def __init__(self, keep_days: float) -> None:
        self._keep_seconds = keep_days * SECONDS_A_DAY
        self._fold = _Paced("fold", lambda: fold_counts(FOLD_LIMIT))
        self._index = _Paced("index", lambda: index_texts(INDEX_LIMIT))
        self._purge = _Paced("purge", self._purge_some)

    def steps(self, outlook: Outlook) -> list[Callable[[], int]]:
        return [step for step in self._wanted(outlook) if step.seconds_left() <= 0]

    def seconds_until(self, outlook: Outlook) -> float:
        """Until a step that is wanted has rested; endless when none is."""
        return min((step.seconds_left() for step in self._wanted(outlook)), default=float("inf"))

    def _wanted(self, outlook: Outlook) -> list["_Paced"]:
        wanted = [self._fold] if outlook.has_changed_counts else []
        wanted += [self._index] if outlook.has_unindexed else []
        is_kept_enough = outlook.seconds_until(outlook.finished_at) <= -self._keep_seconds
        return wanted + ([self._purge] if self._keep_seconds and is_kept_enough else [])

    def _purge_some(self) -> int:
        return lifecycle.purge(PURGE_LIMIT, keep_seconds=self._keep_seconds)


class _Paced:
    """A step with its rests; in the scheduler's logs it goes by its name."""

    def __init__(self, name: str, work: Callable[[], int]) -> None:
        self.__name__ = name
        self._work = work
        self._rests_until = 0.0

    def __call__(self) -> int:
        """Always 0: what it took is no reason for the next tick to hurry."""
        started = time.monotonic()
        try:
            self._work()
        finally:
            ended = time.monotonic()
            self._rests_until = ended + max(REST * (ended - started), SHORTEST_REST_SECONDS)
        return 0

    def seconds_left(self) -> float:
        return max(0.0, self._rests_until - time.monotonic())
