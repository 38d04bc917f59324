"""What each attempt found changed since the one before: the status, the conditions, and the answer by path."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

from webapp.scans import queries
from webapp.scans.json_diff import diff_json
from webapp.scans.models import Answer, Attempt, EarlierAnswer
from webapp.scans.states import Outcome

#: A longer answer is not compared.
_MOST_BYTES: Final = 64 * 1024
_CUT_OFF: Final = frozenset({Outcome.INTERRUPTED, Outcome.CANCELED})


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One thing that changed: a path of the answer, a condition, or the status; without values where it is only known
    that it changed."""

    kind: str
    name: str
    before: str | None = None
    after: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Changes:
    """``same_as`` is the attempt whose answer came again, where nothing else changed either."""

    lines: tuple[ChangeLine, ...] = ()
    same_as: int | None = None

    @property
    def first(self) -> ChangeLine | None:
        """What tells most: something in the answer, before the status that follows from it."""
        return next((line for line in self.lines if line.kind == "answer" and line.after), next(iter(self.lines), None))


def read_changes(scan_id: uuid.UUID, attempts: Sequence[Attempt], answer: Answer | None) -> dict[int, Changes]:
    """By the number of the attempt; the first one has none, and those that were cut off are left out of account."""
    whole = [attempt for attempt in attempts if attempt.outcome not in _CUT_OFF]
    if len(whole) < 2:
        return {}
    bodies = _bodies(scan_id, answer)
    return {after.number: _between(before, after, bodies) for before, after in pairwise(whole)}


def _bodies(scan_id: uuid.UUID, answer: Answer | None) -> Mapping[str, bytes]:
    """Those JSON answers that can be compared, by their digests."""
    kept: list[Answer | EarlierAnswer] = [*queries.get_earlier_answers(scan_id)]
    if answer is not None:
        kept.append(answer)
    return {each.digest: each.body for each in kept if each.is_json and len(each.body) <= _MOST_BYTES}


def _between(before: Attempt, after: Attempt, bodies: Mapping[str, bytes]) -> Changes:
    lines = [*_status(before, after), *_conditions(before, after), *_answer(before, after, bodies)]
    is_same = not lines and after.answer_digest is not None
    return Changes(tuple(lines), before.number if is_same else None)


def _status(before: Attempt, after: Attempt) -> list[ChangeLine]:
    one, other = (attempt.status or attempt.error_code for attempt in (before, after))
    return [] if one == other else [ChangeLine("status", "status", str(one or "none"), str(other or "none"))]


def _conditions(before: Attempt, after: Attempt) -> list[ChangeLine]:
    met = {condition["name"]: condition["is_met"] for condition in before.conditions}
    return [
        ChangeLine("condition", condition["name"], _word(met[condition["name"]]), _word(condition["is_met"]))
        for condition in after.conditions
        if met.get(condition["name"], condition["is_met"]) != condition["is_met"]
    ]


def _word(is_met: bool) -> str:
    return "met" if is_met else "not met"


def _answer(before: Attempt, after: Attempt, bodies: Mapping[str, bytes]) -> list[ChangeLine]:
    one, other = before.answer_digest, after.answer_digest
    if one == other or one is None or other is None:
        return []
    diff = diff_json(bodies[one], bodies[other]) if one in bodies and other in bodies else None
    if diff is None:
        return [ChangeLine("answer", "the answer")]
    lines = [ChangeLine("answer", each.path, each.before, each.after) for each in diff.differences]
    return lines if diff.is_whole else [*lines, ChangeLine("answer", "and more")]
