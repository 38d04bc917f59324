"""How long an attempt may last: Celery's soft and hard limit of one scan, under the fence of the task itself.

The fetch keeps ``attempt_timeout`` by itself. The limits are for what it cannot hold: an answer that takes for ever
to be parsed, a system call that never comes back.
"""

from typing import Final, NamedTuple

#: The task's own, in seconds: no attempt outlives them, whatever its message says.
SOFT_TIME_LIMIT: Final = 540
HARD_TIME_LIMIT: Final = 600
#: The lease of a claim, or of a place at a host, is renewed this many times before it could run out.
RENEWALS_PER_LEASE: Final = 3
#: After its timeout an attempt has so long to judge and store the answer, and to wait for a database that is away.
_SOFT_MARGIN: Final = 10.0
_HARD_MARGIN: Final = 20.0


class TimeLimits(NamedTuple):
    """Seconds after which the attempt is asked to end, and after which it is ended."""

    soft: float
    hard: float


def limits_of(attempt_timeout: float) -> TimeLimits:
    return TimeLimits(
        min(attempt_timeout + _SOFT_MARGIN, SOFT_TIME_LIMIT), min(attempt_timeout + _HARD_MARGIN, HARD_TIME_LIMIT)
    )
