"""How people write times, ``30s 5m 2h``, and how they are written back to them."""

import re
from typing import Final

from webapp.scans.errors import InvalidField

HOW_TO_WRITE: Final = "Give seconds, or 30s, 5m, 2h."
_UNITS: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d|)")
#: Longer texts are no duration that anybody means.
_MAX_LENGTH: Final = 100


def parse_duration(value: object, *, field: str) -> float:
    """Seconds from a number or from ``500ms``, ``30s``, ``5m``, ``2h``, ``1d``, ``1h30m``; raises InvalidField."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        # No float holds an integer of 400 digits.
        seconds = float(value) if abs(value) < 1e12 else float("inf")
    else:
        seconds = _parse_words(str(value).strip().lower(), field)
    if not 0 <= seconds < float("inf"):
        raise InvalidField(field, "must not be negative or endless", HOW_TO_WRITE)
    return seconds


def parse_durations(value: object, *, field: str, most: int) -> tuple[float, ...]:
    """A list, or a text with commas or line breaks between (``10s, 1m 30s, 1h``); blanks alone separate where there
    are none (``10s 1m 1h``). Raises InvalidField."""
    parts = value if isinstance(value, list | tuple) else _split(str(value))
    if not 0 < len(parts) <= most:
        raise InvalidField(field, f"must hold 1 to {most} waits", "Give a list such as 10s, 1m, 5m.")
    return tuple(parse_duration(part, field=field) for part in parts)


def _split(text: str) -> list[str]:
    parts = re.split(r"[,\n]", text) if re.search(r"[,\n]", text.strip()) else text.split()
    return [part.strip() for part in parts if part.strip()]


def _parse_words(text: str, field: str) -> float:
    parts = _DURATION.findall(text[:_MAX_LENGTH])
    is_odd = len(text) > _MAX_LENGTH or _DURATION.sub("", text).strip()
    if not text or is_odd or (len(parts) > 1 and any(unit == "" for _, unit in parts)):
        raise InvalidField(field, f"{text[:40]!r} is not a duration", HOW_TO_WRITE)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """``90`` → ``1m 30s``: the two largest units, in words that parse_duration takes."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms" if seconds else "0s"
    words, rest = [], round(seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count}{unit}")
    return " ".join(words[:2])


def write_duration(seconds: float) -> str:
    """The whole of it, for a field that is read back: ``1h30m``, ``2.5s``."""
    milliseconds = round(seconds * 1000)
    words, rest = [], milliseconds
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)):
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count}{unit}")
    if rest or not words:
        words.append(f"{rest / 1000:g}s" if rest % 1000 == 0 or rest > 1000 else f"{rest}ms")
    return "".join(words)
