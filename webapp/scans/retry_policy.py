"""When to ask again, and when to give up: pure arithmetic, no clock."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from webapp.scans.errors import InvalidField

HOUR: Final = 3600.0
#: What a scan may ask for: (least, most).
LIMITS: Final = {
    "max_attempts": (1, 1000),
    "initial_interval": (0.0, 24 * HOUR),
    "max_interval": (0.0, 24 * HOUR),
    "attempt_timeout": (0.1, 530.0),
    "deadline": (1.0, 30 * 24 * HOUR),
}
_UNITS: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": HOUR, "d": 24 * HOUR}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|)")


class Backoff(StrEnum):
    """How the wait grows from one retry to the next."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"


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
    max_interval: float = 600.0
    attempt_timeout: float = 30.0
    deadline: float = HOUR

    @classmethod
    def parse(cls, options: dict[str, Any]) -> Self:
        """Build from what a person or program gave, durations as numbers or ``30s``; raises InvalidField."""
        given = {name: value for name, value in options.items() if value not in (None, "")}
        parsed: dict[str, Any] = {}
        for name in ("initial_interval", "max_interval", "attempt_timeout", "deadline"):
            if name in given:
                parsed[name] = _within_limits(name, parse_duration(given[name], field=name))
        if "max_attempts" in given:
            parsed["max_attempts"] = int(_within_limits("max_attempts", _whole_number(given["max_attempts"])))
        if "backoff" in given:
            parsed["backoff"] = _backoff(given["backoff"])
        return cls(**parsed)

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        return cls(**{**stored, "backoff": Backoff(stored["backoff"])})

    def wait_after(self, attempt: int) -> float:
        """Seconds between the end of this attempt (1-based) and the start of the next."""
        if self.backoff is Backoff.FIXED:
            return self.initial_interval
        # 2**1000 is no float: past 60 doublings any interval has met its cap.
        return min(self.max_interval, self.initial_interval * 2.0 ** min(attempt - 1, 60))

    def next_wait(self, *, attempt: int, seconds_left: float) -> float | GiveUp:
        """The wait before the next attempt, or why there is none; ``attempt`` leaves out interrupted ones."""
        if attempt >= self.max_attempts:
            return GiveUp.EXHAUSTED
        wait = self.wait_after(attempt)
        return wait if wait < seconds_left else GiveUp.TIMED_OUT


def parse_duration(value: object, *, field: str) -> float:
    """Seconds from a number or from ``500ms``, ``30s``, ``5m``, ``2h``, ``1d``, ``1h30m``; raises InvalidField."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        seconds = _parse_words(str(value).strip().lower(), field)
    if not 0 <= seconds < float("inf"):
        raise InvalidField(field, "must not be negative or endless", "Give seconds, or 30s, 5m, 2h.")
    return seconds


def _parse_words(text: str, field: str) -> float:
    parts = _DURATION.findall(text)
    if not text or _DURATION.sub("", text).strip() or (len(parts) > 1 and any(unit == "" for _, unit in parts)):
        raise InvalidField(field, f"{text[:40]!r} is not a duration", "Give seconds, or 30s, 5m, 2h.")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """``90`` → ``1m 30s``: the words that parse_duration takes."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms" if seconds else "0s"
    words, rest = [], round(seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count}{unit}")
    return " ".join(words[:2])


def _whole_number(value: object) -> int:
    try:
        number = float(str(value))
    except ValueError:
        number = 0.5
    if number != number or number != int(number if abs(number) < 1e9 else 0) or isinstance(value, bool):
        raise InvalidField("max_attempts", f"{str(value)[:40]!r} is not a whole number", "Give a number such as 20.")
    return int(number)


def _within_limits(name: str, value: float) -> float:
    low, high = LIMITS[name]
    if low <= value <= high:
        return value
    if name == "max_attempts":
        raise InvalidField(name, f"{value} is not between {low} and {high}", "The first attempt counts.")
    words = f"{format_duration(low)} and {format_duration(high)}"
    raise InvalidField(name, f"{format_duration(value)} is not between {words}", "Give seconds, or 30s, 5m, 2h.")


def _backoff(value: object) -> Backoff:
    try:
        return Backoff(str(value))
    except ValueError:
        allowed = " or ".join(Backoff)
        raise InvalidField("backoff", f"{str(value)[:40]!r} is not known", f"Choose {allowed}.") from None
