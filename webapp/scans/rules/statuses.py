"""Sets of HTTP statuses as people write them: 200, 2xx, 200-299, <400, and lists of these."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Self

from webapp.scans.errors import InvalidField

_ALL: Final = range(100, 1000)
_PART: Final = re.compile(r"(?P<first>\d{3})-(?P<last>\d{3})|(?P<family>[1-5])xx|(?P<sign><=|>=|<|>|)(?P<one>\d{3})")
_CURE: Final = "Write 200, 2xx, 200-299, <400, or several of these with commas."


@dataclass(frozen=True, slots=True)
class Statuses:
    """``text`` is how it was written, ``numbers`` are the statuses in it."""

    text: str
    numbers: frozenset[int] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, given: object, *, of: str) -> Self:
        """From a number, a text or a list of these; raises InvalidField, named ``of``."""
        parts = given if isinstance(given, list) else [given]
        if not all(isinstance(part, str) or type(part) is int for part in parts):
            raise InvalidField(of, "is neither a number nor a text, nor a list of these", _CURE)
        words = re.sub(r"(?<=[<>=-])\s+|\s+(?=-)", "", ",".join(map(str, parts)).lower())
        found = [word for word in re.split(r"[,\s]+", words) if word]
        if not found or len(found) > 50:
            raise InvalidField(of, "names no status" if not found else "names more than 50 statuses", _CURE)
        return cls(", ".join(found), _union(tuple(found), of))

    @property
    def words(self) -> str:
        """``status < 400``, ``status 2xx or 304``."""
        spaced = [re.sub(r"^([<>]=?)", r"\1 ", part) for part in self.text.split(", ")]
        return f"status {' or '.join(spaced)}"


@lru_cache(maxsize=256)
def _union(parts: tuple[str, ...], of: str) -> frozenset[int]:
    return frozenset(number for part in parts for number in _numbers(part, of))


def _numbers(part: str, of: str) -> list[int]:
    match = _PART.fullmatch(part)
    numbers: list[int] = []
    if match and match["first"]:
        numbers = [n for n in _ALL if int(match["first"]) <= n <= int(match["last"])]
    elif match and match["family"]:
        numbers = [n for n in _ALL if n // 100 == int(match["family"])]
    elif match:
        numbers = [n for n in _ALL if _compares(n, match["sign"], int(match["one"]))]
    if not numbers:
        raise InvalidField(of, f"{part[:20]!r} is no HTTP status", _CURE)
    return numbers


def _compares(number: int, sign: str, limit: int) -> bool:
    match sign:
        case "<":
            return number < limit
        case "<=":
            return number <= limit
        case ">":
            return number > limit
        case ">=":
            return number >= limit
        case _:
            return number == limit
