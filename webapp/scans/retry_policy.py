"""When to ask again, and when to give up: pure arithmetic, no clock and no dice."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from hashlib import sha256
from itertools import count, islice
from typing import Any, Final, Self

from webapp.scans.retry_on import RetryOn

HOUR: Final = 3600.0

#: For the number of an attempt, a number from 0 to below 1: the same one whenever it is asked.
Chance = Callable[[int], float]


class Backoff(StrEnum):
    """How the wait grows from one retry to the next."""

    FIXED = "fixed"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    SCHEDULE = "schedule"


class Jitter(StrEnum):
    """How much of a wait is left to chance, so that many scans do not come back in the same instant."""

    NONE = "none"
    FULL = "full"
    EQUAL = "equal"
    DECORRELATED = "decorrelated"


class GiveUp(StrEnum):
    """Why there is no next attempt."""

    EXHAUSTED = "exhausted"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How one scan is retried; all times in seconds, ``max_attempts`` includes the first."""

    max_attempts: int = 20
    initial_interval: float = 15.0
    backoff: Backoff = Backoff.FIXED
    backoff_coefficient: float = 2.0
    #: The waits of Backoff.SCHEDULE, in their order; the last one stays.
    schedule: tuple[float, ...] = ()
    #: No wait that grows, or is made by chance, is longer; a fixed one and a schedule say themselves how long they are.
    max_interval: float = 600.0
    jitter: Jitter = Jitter.NONE
    #: For an attempt, all in all; within it so long for each connection, and so long for each silence.
    attempt_timeout: float = 30.0
    connect_timeout: float | None = None
    read_timeout: float | None = None
    deadline: float = HOUR
    retry_on: RetryOn = RetryOn()
    respect_retry_after: bool = True
    #: A server may ask for so long a wait and no more.
    retry_after_cap: float = HOUR

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in POLICY_FIELDS}
        return {**values, "schedule": list(self.schedule), "retry_on": list(self.retry_on.words)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """What was stored before a field was there has its default."""
        values = {name: value for name, value in stored.items() if name in POLICY_FIELDS}
        for name, kind in (("backoff", Backoff), ("jitter", Jitter), ("schedule", tuple)):
            if name in values:
                values[name] = kind(values[name])
        if "retry_on" in values:
            values["retry_on"] = RetryOn(tuple(values["retry_on"]))
        return cls(**values)

    @property
    def fingerprint(self) -> str:
        """Equal for equal policies alone."""
        return sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:32]

    def wait_after(self, attempt: int) -> float:
        """Seconds from the end of this attempt (1-based) to the start of the next, before chance has its part."""
        match self.backoff:
            case Backoff.FIXED:
                return self.initial_interval
            case Backoff.SCHEDULE:
                return self.schedule[min(attempt, len(self.schedule)) - 1]
            case Backoff.LINEAR:
                return min(self.max_interval, self.initial_interval * attempt)
            case Backoff.EXPONENTIAL:
                return min(self.max_interval, self.initial_interval * _power(self.backoff_coefficient, attempt - 1))

    def wait_bounds(self, attempt: int) -> tuple[float, float]:
        """The shortest and the longest wait after this attempt that chance can make of it."""
        wait = self.wait_after(attempt)
        match self.jitter:
            case Jitter.NONE:
                return wait, wait
            case Jitter.FULL:
                return 0.0, wait
            case Jitter.EQUAL:
                return wait / 2, wait
            case Jitter.DECORRELATED:
                base = min(self.initial_interval, self.max_interval)
                return base, min(self.max_interval, base * _power(3.0, attempt))

    def own_wait(self, attempt: int, chance: Chance) -> float:
        """The wait after this attempt as chance makes it."""
        if self.jitter is Jitter.DECORRELATED:
            return next(islice(self._decorrelated(chance), attempt - 1, None))
        low, high = self.wait_bounds(attempt)
        return low + (high - low) * chance(attempt) if high > low else low

    def own_waits(self, chance: Chance) -> Iterator[float]:
        """The waits after attempt 1, 2, 3 and so on, without end."""
        if self.jitter is Jitter.DECORRELATED:
            return self._decorrelated(chance)
        return (self.own_wait(attempt, chance) for attempt in count(1))

    def _decorrelated(self, chance: Chance) -> Iterator[float]:
        """Each wait is between the first one and three times the one before: all of them are gone through again."""
        base = wait = min(self.initial_interval, self.max_interval)
        for attempt in count(1):
            wait = min(self.max_interval, base + (3 * wait - base) * chance(attempt))
            yield wait

    def next_wait(
        self, *, attempt: int, seconds_left: float, chance: Chance, asked: float | None = None
    ) -> float | GiveUp:
        """The wait before the next attempt, or why there is none.

        ``attempt`` leaves out interrupted ones; ``asked`` is the wait that the server asked for, if it did.
        """
        if attempt >= self.max_attempts:
            return GiveUp.EXHAUSTED
        wait = self.wait(attempt=attempt, chance=chance, asked=asked)
        return wait if wait < seconds_left else GiveUp.TIMED_OUT

    def wait(self, *, attempt: int, chance: Chance, asked: float | None) -> float:
        """The longer one of its own wait and the one that the server asked for, as far as it may ask."""
        return max(self.own_wait(attempt, chance), min(asked or 0.0, self.retry_after_cap))


#: The names of all options of a policy.
POLICY_FIELDS: Final = tuple(field.name for field in fields(RetryPolicy))


def _power(base: float, exponent: int) -> float:
    """Past the largest float any interval has met its cap."""
    try:
        return base**exponent
    except OverflowError:
        return 1e300
