"""What is a good answer, what ends the hope, and what only means "not yet": ordered, the first match decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from webapp.scans.errors import InvalidField
from webapp.scans.rules.conditions import FIRST_BAD_STATUS, Test
from webapp.scans.rules.grammar import read_test
from webapp.scans.rules.verdict import Decision

MAX_CLAUSES: Final = 50
_CURE: Final = 'Give [{"when": {"status": "2xx"}, "then": "success"}].'
_VERBS: Final = {Decision.SUCCESS: "Succeeds", Decision.FAILURE: "Fails at once", Decision.RETRY: "Asks again"}


@dataclass(frozen=True, slots=True)
class Clause:
    """When the test is met, then this follows."""

    test: Test
    then: Decision

    @property
    def words(self) -> str:
        return f"{_VERBS[self.then]} when {self.test.words}"

    def to_json(self) -> dict[str, Any]:
        return {"when": self.test.to_json(), "then": self.then.value}


@dataclass(frozen=True, slots=True)
class Rule:
    """Clauses in their order; where none matches the answer is not good yet, and it is asked again."""

    clauses: tuple[Clause, ...]

    @property
    def words(self) -> list[str]:
        """One sentence a clause, for a person."""
        return [clause.words for clause in self.clauses]

    @classmethod
    def parse(cls, given: object, *, of: str = "rule") -> Self:
        """From a list of ``{"when": …, "then": …}``; raises InvalidField, named ``of``."""
        if not isinstance(given, list) or not given:
            raise InvalidField(of, "is not a list of clauses", _CURE)
        if len(given) > MAX_CLAUSES:
            raise InvalidField(of, f"has more than {MAX_CLAUSES} clauses", "Join some of them with any.")
        rule = cls(tuple(_clause(one, of) for one in given))
        if all(clause.then is not Decision.SUCCESS for clause in rule.clauses):
            raise InvalidField(of, "has no clause that leads to success", "Say what a good answer is.")
        return rule

    def to_json(self) -> dict[str, Any]:
        return {"clauses": [clause.to_json() for clause in self.clauses]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls.parse(stored["clauses"])


def _clause(given: object, of: str) -> Clause:
    if not isinstance(given, Mapping) or given.keys() != {"when", "then"}:
        raise InvalidField(of, "holds a clause without when and then, or with more", _CURE)
    if given["then"] not in set(Decision):
        words = f"leads to {str(given['then'])[:20]!r}, which is not known"
        raise InvalidField(of, words, f"Choose one of {', '.join(Decision)}.")
    return Clause(read_test(given["when"], of=of), Decision(given["then"]))


GOOD_STATUS: Final = read_test({"status": f"<{FIRST_BAD_STATUS}"}, of="rule")
_SUCCESS_IS_TRUE: Final = {"json": {"path": "success", "op": "==", "value": True, "if_present": True}}
#: A status below 400; JSON where the answer says that it is; and no ``success`` that is anything but true.
_GOOD: Final = {"all": [GOOD_STATUS.to_json(), {"valid_json": True}, _SUCCESS_IS_TRUE]}
DEFAULT_RULE: Final = Rule.parse([{"when": _GOOD, "then": "success"}])
