"""A retry policy in plain words."""

import re
from typing import Final

from webapp.routes.words import span
from webapp.scans.retry_policy import Backoff, RetryPolicy

_BEFORE_UNIT: Final = re.compile(r"(?<=\d) (?=(?:ms|[dhms])\b)")


def plan_words(policy: RetryPolicy) -> str:
    """``Tries now, then every 15 s, at most 20 times; gives up after 1 h.`` and how long an attempt may take."""
    # No line may end between a number and its unit.
    return _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", _sentence(policy))


def _sentence(policy: RetryPolicy) -> str:
    longest = span(min(policy.attempt_timeout, policy.deadline))
    if policy.max_attempts == 1:
        return f"Tries once, for at most {longest}."
    limits = f"at most {policy.max_attempts} times; gives up after {span(policy.deadline)}"
    return f"Tries now, then {_waits(policy)}, {limits}. An attempt may take {longest}."


def _waits(policy: RetryPolicy) -> str:
    if policy.backoff is Backoff.FIXED:
        return f"every {span(policy.initial_interval)}" if policy.initial_interval else "again at once"
    waits = [policy.wait_after(attempt) for attempt in range(1, policy.max_attempts)]
    shown = list(dict.fromkeys(waits))
    if len(shown) == 1:
        return f"every {span(shown[0])}"
    if len(shown) <= 3:
        return f"after {', '.join(map(span, shown))}"
    return f"after {', '.join(map(span, shown[:3]))} … up to {span(shown[-1])}"
