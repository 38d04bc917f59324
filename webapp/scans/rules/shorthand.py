"""The short way to say a rule: what is expected, and what ends the hope, in the fields of a form or a program."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from webapp.scans.errors import InvalidField
from webapp.scans.rules.conditions import Test
from webapp.scans.rules.grammar import read_test
from webapp.scans.rules.groups import AllOf, AnyOf
from webapp.scans.rules.lines import read_header_line, read_json_line
from webapp.scans.rules.rule import DEFAULT_RULE, GOOD_STATUS, Clause, Rule
from webapp.scans.rules.verdict import Decision

EXPECTATIONS: Final = ("expect_status", "expect_header", "expect_body_regex", "expect_json")
SHORTHAND: Final = (*EXPECTATIONS, "match", "fail_when")
RULE_FIELDS: Final = (*SHORTHAND, "rule")
MAX_CONDITIONS: Final = 50

Reader = Callable[..., dict[str, Any]]


def read_rule(given: Mapping[str, Any]) -> Rule | None:
    """From RULE_FIELDS; None when nothing is said, so that the default rule holds. Raises InvalidField.

    Without an ``expect_status`` the status must still be below 400; without any expectation what is good by default
    stays so. Failure conditions come first: what is hopeless is no success.
    """
    said = {name: given[name] for name in RULE_FIELDS if given.get(name) not in (None, "", [], {})}
    is_any = _is_any(said.pop("match", "all"))
    if "rule" in said:
        if len(said) > 1:
            raise InvalidField("rule", "stands beside expectations", "Give the rule or the expect_ fields, not both.")
        return Rule.parse(said["rule"])
    if not said:
        return None
    fatal = [read_test(one, of="fail_when") for one in _conditions(said.get("fail_when"), "fail_when", None)]
    failures = [Clause(test, Decision.FAILURE) for test in fatal]
    return Rule((*failures, Clause(_success(said, is_any=is_any), Decision.SUCCESS)))


def _success(said: Mapping[str, Any], *, is_any: bool) -> Test:
    names = [name for name in EXPECTATIONS if name in said]
    expected = tuple(read_test(one, of=name) for name in names for one in _EXPECTED[name](said[name]))
    if not expected:
        return DEFAULT_RULE.clauses[0].test
    if is_any and len(expected) > 1:
        expected = (AnyOf(expected),)
    return AllOf(expected if "expect_status" in said else (GOOD_STATUS, *expected))


def _is_any(match: object) -> bool:
    if match not in ("all", "any"):
        raise InvalidField("match", f"{str(match)[:20]!r} is not known", "Choose all or any.")
    return match == "any"


def _conditions(given: Any, of: str, reader: Reader | None) -> list[Any]:
    """Conditions as objects, from text with one a line, from one object, or from a list of lines and objects."""
    parts = given.splitlines() if isinstance(given, str) else given if isinstance(given, list) else [given]
    parts = [part for part in parts if part not in (None, "") and not (isinstance(part, str) and not part.strip())]
    if len(parts) > MAX_CONDITIONS:
        raise InvalidField(of, f"holds more than {MAX_CONDITIONS} conditions", "Give fewer.")
    return [reader(part, of=of) if reader and isinstance(part, str) else part for part in parts]


def _headers(given: Any) -> list[Any]:
    parts = _conditions(given, "expect_header", read_header_line)
    return [part if _is_condition(part, "header") else {"header": part} for part in parts]


def _jsons(given: Any) -> list[Any]:
    parts = _conditions(given, "expect_json", read_json_line)
    return [part if _is_condition(part, "json") else {"json": part} for part in parts]


def _is_condition(part: Any, kind: str) -> bool:
    return isinstance(part, Mapping) and bool({kind, "not"} & part.keys())


_EXPECTED: Final[dict[str, Callable[[Any], list[Any]]]] = {
    "expect_status": lambda given: [{"status": given}],
    "expect_header": _headers,
    "expect_body_regex": lambda given: [{"body_regex": given}],
    "expect_json": _jsons,
}
