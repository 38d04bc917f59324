"""The scans of a drill: fast, slow, failing twice, and poison that kills its worker each time."""

import random
import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from chaos.plan import Plan
from chaos.target import Target
from tasks.wake import wake
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.scans.retry_policy import RetryPolicy

#: Short waits, so that what fails twice is soon asked again; more attempts than any kill can use up.
RETRY_WAIT_SECONDS: Final = 1.0
_POLICY: Final = RetryPolicy(initial_interval=RETRY_WAIT_SECONDS, max_attempts=20, attempt_timeout=20.0)
_POISON_IN: Final = 100


class Sort(StrEnum):
    """How a scan's target behaves; each is a path of the target."""

    FAST = "fast"
    SLOW = "slow"
    FLAKY = "flaky"
    POISON = "poison"


class Crowd:
    """Submits the plan's scans in waves, as a web process would, and knows which is of which sort."""

    def __init__(self, plan: Plan, target: Target) -> None:
        self.sorts: dict[uuid.UUID, Sort] = {}
        self._target = target
        self._chance = random.Random(f"crowd {plan.seed}")
        self._left = _sorts(plan.scans, self._chance)

    def submit(self, count: int) -> None:
        """Store the next wave and wake the workers; needs an app context."""
        wave, self._left = self._left[:count], self._left[count:]
        first = len(self.sorts)
        drafts = [self._draft(sort, first + index) for index, sort in enumerate(wave)]
        submission = lifecycle.submit(drafts)
        self.sorts |= {change.id: sort for change, sort in zip(submission.changes, wave, strict=True)}
        wake(submission.wake_ups)

    def _draft(self, sort: Sort, number: int) -> Draft:
        seconds = f"{self._chance.uniform(0.3, 2.5):.2f}"
        path = f"/slow/{seconds}/{number}" if sort is Sort.SLOW else f"/{sort}/{number}"
        return Draft(url=self._target.url(path), policy=_POLICY)


def _sorts(count: int, chance: random.Random) -> Sequence[Sort]:
    """Poison comes early, because it needs the longest: five workers, one after the other."""
    poison = [Sort.POISON] * min(count, max(1, count // _POISON_IN))
    others = chance.choices((Sort.FAST, Sort.SLOW, Sort.FLAKY), weights=(35, 40, 25), k=count - len(poison))
    early = poison + others[: len(poison) * 4]
    chance.shuffle(early)
    return early + others[len(poison) * 4 :]
