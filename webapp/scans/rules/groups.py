"""Tests joined by all, any and not. What cannot be told stays so: neither it nor its opposite is met."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.scans.rules.conditions import Row, Test
from webapp.scans.rules.subject import Subject


def are_met(rows: Iterable[Row]) -> bool | None:
    """Whether all of the outermost rows are met; no rows: nothing speaks against it."""
    return _all([row.is_met for row in rows if row.level == 0])


def _all(parts: Sequence[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _any(parts: Sequence[bool | None]) -> bool | None:
    if True in parts:
        return True
    return None if None in parts else False


@dataclass(frozen=True, slots=True)
class AllOf:
    members: tuple[Test, ...]

    @property
    def words(self) -> str:
        return " and ".join(_in_brackets(member) for member in self.members)

    def find(self, subject: Subject) -> list[Row]:
        return [row for member in self.members for row in member.find(subject)]

    def to_json(self) -> dict[str, Any]:
        return {"all": [member.to_json() for member in self.members]}


@dataclass(frozen=True, slots=True)
class AnyOf:
    members: tuple[Test, ...]

    @property
    def words(self) -> str:
        return " or ".join(_in_brackets(member) for member in self.members)

    def find(self, subject: Subject) -> list[Row]:
        found = [rows for member in self.members if (rows := member.find(subject))]
        if len(found) < 2:
            return found[0] if found else []
        parts = [are_met(rows) for rows in found]
        count = sum(part is True for part in parts)
        head = Row(
            "any of",
            "at least one is met",
            f"{count} of {len(parts)} met",
            _any(parts),
            f"nothing is met of {self.words}",
        )
        return [head, *(row._replace(level=row.level + 1) for rows in found for row in rows)]

    def to_json(self) -> dict[str, Any]:
        return {"any": [member.to_json() for member in self.members]}


@dataclass(frozen=True, slots=True)
class Not:
    member: Test

    @property
    def words(self) -> str:
        return f"not {_in_brackets(self.member)}"

    def find(self, subject: Subject) -> list[Row]:
        rows = self.member.find(subject)
        if not rows:
            return []
        met = are_met(rows)
        is_met = None if met is None else not met
        if len(rows) == 1:
            expected = f"not {rows[0].expected}"
            return [rows[0]._replace(expected=expected, is_met=is_met, complaint=f"{expected}, got {rows[0].actual}")]
        head = Row("not all of", self.words, "all are met" if met else "not all are met", is_met)
        return [head, *(row._replace(level=row.level + 1) for row in rows)]

    def to_json(self) -> dict[str, Any]:
        return {"not": self.member.to_json()}


def _in_brackets(test: Test) -> str:
    is_joined = isinstance(test, AllOf | AnyOf) and len(test.members) > 1
    return f"({test.words})" if is_joined else test.words
