"""What a retry policy comes to: when each attempt would be, how many there can be, and when it gives up; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

from webapp.scans.retry_policy import Chance, GiveUp, RetryPolicy


@dataclass(frozen=True, slots=True)
class Planned:
    """An attempt that may come, in seconds from the submit; chance places it between the two.

    The attempts before it are taken to last no time: it comes then at the earliest.
    """

    number: int
    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """The attempts that the policy allows if no answer is good; then it gives up, between these seconds."""

    attempts: tuple[Planned, ...]
    why: GiveUp
    gives_up_earliest: float
    gives_up_latest: float


def plan(policy: RetryPolicy) -> RetryPlan:
    """From the submit on, before anybody knows what chance will do."""
    bounds = (policy.wait_bounds(attempt) for attempt in count(1))
    return _follow(policy, Planned(1, 0.0, 0.0), bounds)


def plan_on(policy: RetryPolicy, *, number: int, starts: float, chance: Chance) -> RetryPlan:
    """For a scan whose attempt of this number is due so many seconds after its submit."""
    waits = islice(policy.own_waits(chance), number - 1, None)
    return _follow(policy, Planned(number, starts, starts), ((wait, wait) for wait in waits))


def _follow(policy: RetryPolicy, first: Planned, bounds: Iterator[tuple[float, float]]) -> RetryPlan:
    attempts = [first]
    why = GiveUp.EXHAUSTED
    for number in range(first.number + 1, policy.max_attempts + 1):
        shortest, longest = next(bounds)
        if shortest >= policy.deadline - attempts[-1].earliest:
            why = GiveUp.TIMED_OUT
            break
        earliest = attempts[-1].earliest + shortest
        attempts.append(Planned(number, earliest, min(attempts[-1].latest + longest, policy.deadline)))
    # It gives up with the last answer; the slower the answers, the later, but never past the deadline.
    slowest = attempts[-1].latest + len(attempts) * policy.attempt_timeout
    return RetryPlan(tuple(attempts), why, attempts[-1].earliest, min(slowest, policy.deadline))
