"""What the scheduler does to keep the database quick: fold counts, index texts, purge what was kept long enough."""

import logging
import time
from collections.abc import Callable
from typing import Final

from webapp.scans import lifecycle
from webapp.scans.counts import fold_counts
from webapp.scans.lifecycle import Outlook
from webapp.scans.search_index import index_texts

log = logging.getLogger(__name__)

FOLD_LIMIT: Final = 5_000
INDEX_LIMIT: Final = 250
PURGE_LIMIT: Final = 100
DROP_LIMIT: Final = 200
#: Between two looks at how much room answers take.
WEIGH_SECONDS: Final = 300.0
SECONDS_A_DAY: Final = 86_400.0
#: Nothing of this is urgent: a step rests so many times as long as it took, and leaves the database to the others.
REST: Final = 3
#: And so long at least, so that a step finds more to do at once.
SHORTEST_REST_SECONDS: Final = 0.5


class Upkeep:
    """The steps that are wanted now and have rested; each takes a bounded number of rows."""

    def __init__(self, keep_days: float, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._excess = 0
        self._weigh = _Paced("weigh", self._weigh_answers, rest_seconds=WEIGH_SECONDS)
        self._drop = _Paced("drop", self._drop_some)
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
        wanted += [self._weigh] if self._most_bytes else []
        wanted += [self._drop] if self._excess > 0 else []
        return wanted + ([self._purge] if self._keep_seconds and is_kept_enough else [])

    def _weigh_answers(self) -> int:
        self._excess = lifecycle.stored_bytes() - self._most_bytes
        return 0

    def _drop_some(self) -> int:
        freed = lifecycle.drop_answers(DROP_LIMIT, at_least=self._excess)
        log.info("oldest answers dropped bytes=%d", freed)
        # Nothing to be had: what is left belongs to scans that have not ended.
        self._excess = self._excess - freed if freed else 0
        return freed

    def _purge_some(self) -> int:
        return lifecycle.purge(PURGE_LIMIT, keep_seconds=self._keep_seconds)


class _Paced:
    """A step with its rests; in the scheduler's logs it goes by its name."""

    def __init__(self, name: str, work: Callable[[], int], *, rest_seconds: float = 0.0) -> None:
        self.__name__ = name
        self._rest_seconds = rest_seconds
        self._work = work
        self._rests_until = 0.0

    def __call__(self) -> int:
        """Always 0: what it took is no reason for the next tick to hurry."""
        started = time.monotonic()
        try:
            self._work()
        finally:
            ended = time.monotonic()
            self._rests_until = ended + max(REST * (ended - started), SHORTEST_REST_SECONDS, self._rest_seconds)
        return 0

    def seconds_left(self) -> float:
        return max(0.0, self._rests_until - time.monotonic())
