"""A retry policy as people and programs write it: checked field by field, and then as a whole."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from webapp.scans.durations import HOW_TO_WRITE, format_duration, parse_duration, parse_durations
from webapp.scans.errors import InvalidField
from webapp.scans.retry_on import RetryOn
from webapp.scans.retry_policy import HOUR, POLICY_FIELDS, Backoff, Jitter, RetryPolicy

#: What a scan may ask for: (least, most).
LIMITS: Final = {
    "max_attempts": (1, 1000),
    "initial_interval": (0.0, 24 * HOUR),
    "backoff_coefficient": (1.0, 10.0),
    "max_interval": (0.0, 24 * HOUR),
    "schedule": (0.0, 24 * HOUR),
    "attempt_timeout": (0.1, 530.0),
    "connect_timeout": (0.1, 530.0),
    "read_timeout": (0.1, 530.0),
    "deadline": (1.0, 30 * 24 * HOUR),
    "retry_after_cap": (0.0, 24 * HOUR),
}
MAX_SCHEDULE: Final = 50
_YES: Final = {"true", "yes", "on", "1"}
_NO: Final = {"false", "no", "off", "0"}


def read_policy(given: Mapping[str, Any]) -> RetryPolicy:
    """Durations may be numbers or ``30s``; what is missing, null or empty has its default. Raises InvalidField."""
    named = {name: given.get(name) for name in POLICY_FIELDS}
    parsed = {name: _PARSERS[name](name, value) for name, value in named.items() if value not in (None, "", [])}
    # Who names a list of waits, or a chance that makes waits of its own, has chosen how they grow.
    if "backoff" not in parsed:
        if "schedule" in parsed:
            parsed["backoff"] = Backoff.SCHEDULE
        elif parsed.get("jitter") is Jitter.DECORRELATED:
            parsed["backoff"] = Backoff.EXPONENTIAL
    policy = RetryPolicy(**parsed)
    _check_together(policy)
    return policy


def amend_policy(policy: RetryPolicy, changes: Mapping[str, Any]) -> RetryPolicy:
    """The policy with these options in the place of its own; null or empty is the default. Raises InvalidField."""
    kept: dict[str, Any] = policy.to_json()
    # Who changes how the waits grow has no use for what belongs to the way before, and need not take it back.
    if "backoff" not in changes and (changes.get("schedule") or changes.get("jitter") == Jitter.DECORRELATED):
        del kept["backoff"]
    if changes.get("backoff") not in (None, "", Backoff.SCHEDULE):
        del kept["schedule"]
    return read_policy({**kept, **changes})


def _check_together(policy: RetryPolicy) -> None:
    if policy.backoff is Backoff.SCHEDULE and not policy.schedule:
        raise InvalidField("schedule", "is missing", "List the waits, such as 10s, 1m, 5m; the last one stays.")
    if policy.schedule and policy.backoff is not Backoff.SCHEDULE:
        problem = f"lists waits, but backoff is {policy.backoff}"
        raise InvalidField("schedule", problem, "Choose schedule, or leave the list out.")
    if policy.jitter is Jitter.DECORRELATED and policy.backoff is not Backoff.EXPONENTIAL:
        problem = f"decorrelated grows by chance, but backoff is {policy.backoff}"
        raise InvalidField("jitter", problem, "Choose exponential, or another jitter.")
    for name in ("connect_timeout", "read_timeout"):
        part = getattr(policy, name)
        if part is not None and part > policy.attempt_timeout:
            problem = f"{format_duration(part)} is longer than the whole attempt may take"
            raise InvalidField(name, problem, f"Give at most {format_duration(policy.attempt_timeout)}.")


def _duration(name: str, value: object) -> float:
    return _within_limits(name, parse_duration(value, field=name))


def _schedule(name: str, value: object) -> tuple[float, ...]:
    waits = parse_durations(value, field=name, most=MAX_SCHEDULE)
    return tuple(_within_limits(name, wait) for wait in waits)


def _within_limits(name: str, seconds: float) -> float:
    low, high = LIMITS[name]
    if low <= seconds <= high:
        return seconds
    words = f"{format_duration(low)} and {format_duration(high)}"
    raise InvalidField(name, f"{format_duration(seconds)} is not between {words}", HOW_TO_WRITE)


def _attempts(name: str, value: object) -> int:
    number = _number(name, value, "a whole number", "Give a number such as 20.")
    if number != int(number):
        raise InvalidField(name, f"{str(value)[:40]!r} is not a whole number", "Give a number such as 20.")
    low, high = LIMITS[name]
    if not low <= number <= high:
        raise InvalidField(name, f"{int(number)} is not between {low} and {high}", "The first attempt counts.")
    return int(number)


def _coefficient(name: str, value: object) -> float:
    number = _number(name, value, "a number", "Give a number such as 2.")
    low, high = LIMITS[name]
    if not low <= number <= high:
        raise InvalidField(name, f"{number:g} is not between {low:g} and {high:g}", "2 doubles each wait.")
    return number


def _number(name: str, value: object, kind: str, cure: str) -> float:
    try:
        # Whatever has more digits is beyond every limit, and some of it beyond int().
        number = float(str(value)[:40])
    except ValueError:
        number = float("nan")
    if isinstance(value, bool) or number != number or abs(number) == float("inf"):
        raise InvalidField(name, f"{str(value)[:40]!r} is not {kind}", cure)
    return number


def _choice(kind: type[Backoff] | type[Jitter]) -> Callable[[str, object], Backoff | Jitter]:
    def parse(name: str, value: object) -> Backoff | Jitter:
        try:
            return kind(str(value))
        except ValueError:
            problem = f"{str(value)[:40]!r} is not known"
            raise InvalidField(name, problem, f"Choose {', '.join(list(kind)[:-1])} or {list(kind)[-1]}.") from None

    return parse


def _yes_or_no(name: str, value: object) -> bool:
    word = str(value).strip().lower()
    if word not in _YES | _NO:
        raise InvalidField(name, f"{str(value)[:40]!r} is neither true nor false", "Give true or false.")
    return word in _YES


def _retry_on(_: str, value: object) -> RetryOn:
    return RetryOn.parse(value)


_PARSERS: Final[Mapping[str, Callable[[str, object], Any]]] = {
    **dict.fromkeys(LIMITS, _duration),
    "max_attempts": _attempts,
    "backoff": _choice(Backoff),
    "backoff_coefficient": _coefficient,
    "schedule": _schedule,
    "jitter": _choice(Jitter),
    "retry_on": _retry_on,
    "respect_retry_after": _yes_or_no,
}
