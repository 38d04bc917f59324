"""What comes out of a rule: a decision, and each condition with what it expected and what it got."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from webapp.scans.states import ErrorCode, Outcome


class Decision(StrEnum):
    """What follows from an answer."""

    SUCCESS = "success"
    FAILURE = "failure"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of the answer as it came out; ``then`` is what follows where it is met.

    ``level`` counts the groups around it: a group is a condition itself, and its members follow it.
    """

    name: str
    expected: str
    actual: str
    is_met: bool
    then: Decision = Decision.SUCCESS
    level: int = 0

    def to_json(self) -> dict[str, Any]:
        told = {"name": self.name, "expected": self.expected, "actual": self.actual, "is_met": self.is_met}
        return {**told, "then": self.then.value, "level": self.level}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Condition":
        return cls(**{**stored, "then": Decision(stored.get("then", Decision.SUCCESS))})


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an attempt ended, and why; ``error`` is a sentence for a person, None when the answer is good."""

    decision: Decision
    outcome: Outcome
    conditions: tuple[Condition, ...] = ()
    error_code: ErrorCode | None = None
    error: str | None = None
