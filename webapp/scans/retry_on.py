"""Which attempts that were not good are worth another one, by outcome, error code or status; the rest fail at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from webapp.scans.errors import InvalidField
from webapp.scans.states import ErrorCode, Outcome

#: The outcomes that a retry may follow; an interrupted attempt is always taken up again, and so is one that our own
#: limits cut short.
OUTCOMES: Final = (Outcome.NOT_MET, Outcome.HTTP_ERROR, Outcome.NETWORK_ERROR, Outcome.TIMED_OUT, Outcome.REFUSED)
_CODES: Final = {code.value: code for code in ErrorCode}
_STATUSES: Final = re.compile(r"([1-5])xx|([1-5][0-9]{2})(?:\s*-\s*([1-5][0-9]{2}))?")
_MAX_WORDS: Final = 50
_CURE: Final = f"List any of {', '.join(OUTCOMES)}, statuses such as 503, 5xx or 500-599, or error codes."


@dataclass(frozen=True, slots=True)
class RetryOn:
    """The words as they were given, and what each of them means; without any, everything is retried."""

    words: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: object) -> Self:
        """From a list, or a text with blanks or commas between; raises InvalidField."""
        parts = given if isinstance(given, list | tuple) else re.split(r"[\s,]+", re.sub(r"\s*-\s*", "-", str(given)))
        words = tuple(dict.fromkeys(_normal(part) for part in parts if str(part).strip()))
        if len(words) > _MAX_WORDS:
            raise InvalidField("retry_on", f"holds more than {_MAX_WORDS} words", _CURE)
        return cls(words)

    @property
    def is_everything(self) -> bool:
        return not self.words

    def covers(self, outcome: Outcome, *, status: int | None, code: ErrorCode | None) -> bool:
        """Whether an attempt that ended so is tried again."""
        if code is ErrorCode.HOST_BUSY:
            return True
        if self.is_everything or outcome in self.words or (code is not None and code in self.words):
            return True
        # A failure after the status, such as a broken body, has one too, but it is not what the failure is about.
        is_answer = outcome in (Outcome.NOT_MET, Outcome.HTTP_ERROR)
        return is_answer and status is not None and any(low <= status <= high for low, high in _ranges(self.words))


def _normal(part: Any) -> str:
    word = str(part).strip()
    for known in (word.lower(), word.upper()):
        if known in OUTCOMES or known in _CODES:
            return known
    match = _STATUSES.fullmatch(word.lower())
    if match is None or (match[3] and match[3] < match[2]):
        raise InvalidField("retry_on", f"{word[:40]!r} is not known", _CURE)
    return re.sub(r"\s", "", word.lower())


def _ranges(words: Sequence[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for word in words:
        if match := _STATUSES.fullmatch(word):
            hundred, low, high = match.groups()
            found.append((int(hundred) * 100, int(hundred) * 100 + 99) if hundred else (int(low), int(high or low)))
    return found
