"""The short way to say a rule: what is expected, and what ends the hope, in the fields of a form or a program."""

import json
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
        return Rule.parse(_from_text(said["rule"]))
    if not said:
        return None
    fatal = _tests(_conditions(said.get("fail_when"), "fail_when"), "fail_when")
    failures = [Clause(test, Decision.FAILURE) for test in fatal]
    return Rule((*failures, Clause(_success(said, is_any=is_any), Decision.SUCCESS)))


def _success(said: Mapping[str, Any], *, is_any: bool) -> Test:
    names = [name for name in EXPECTATIONS if name in said]
    expected = tuple(test for name in names for test in _tests(_EXPECTED[name](said[name]), name))
    if not expected:
        return DEFAULT_RULE.clauses[0].test
    if is_any and len(expected) > 1:
        expected = (AnyOf(expected),)
    return AllOf(expected if "expect_status" in said else (GOOD_STATUS, *expected))


def _tests(conditions: list[Any], of: str) -> list[Test]:
    """Of several the one that is wrong is named by its number."""
    tests = []
    for number, condition in enumerate(conditions, 1):
        try:
            tests.append(_test(condition, of))
        except InvalidField as error:
            place = f" (in number {number})" if len(conditions) > 1 else ""
            raise InvalidField(of, f"{error.problem}{place}", error.cure) from error
    return tests


def _test(condition: Any, of: str) -> Test:
    reader = _LINE_READERS.get(of)
    return read_test(reader(condition, of=of) if reader and isinstance(condition, str) else condition, of=of)


def _from_text(given: Any) -> Any:
    """A form has a rule as text."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        raise InvalidField("rule", "is no JSON", 'Give [{"when": {"status": "2xx"}, "then": "success"}].') from None


def _is_any(match: object) -> bool:
    if match not in ("all", "any"):
        raise InvalidField("match", f"{str(match)[:20]!r} is not known", "Choose all or any.")
    return match == "any"


def _conditions(given: Any, of: str) -> list[Any]:
    """Lines and objects, from text with one a line, from one object, or from a list of both."""
    if given is None:
        return []
    parts = given.splitlines() if isinstance(given, str) else given if isinstance(given, list) else [given]
    parts = [part for part in parts if part not in (None, "") and not (isinstance(part, str) and not part.strip())]
    if len(parts) > MAX_CONDITIONS:
        raise InvalidField(of, f"holds more than {MAX_CONDITIONS} conditions", "Give fewer.")
    return parts


def _headers(given: Any) -> list[Any]:
    return [part if _is_whole(part, "header") else {"header": part} for part in _conditions(given, "expect_header")]


def _jsons(given: Any) -> list[Any]:
    return [part if _is_whole(part, "json") else {"json": part} for part in _conditions(given, "expect_json")]


def _is_whole(part: Any, kind: str) -> bool:
    """A line, or an object that says itself what it tests."""
    return isinstance(part, str) or (isinstance(part, Mapping) and bool({kind, "not"} & part.keys()))


_LINE_READERS: Final[dict[str, Reader]] = {"expect_header": read_header_line, "expect_json": read_json_line}
_EXPECTED: Final[dict[str, Callable[[Any], list[Any]]]] = {
    "expect_status": lambda given: [{"status": given}],
    "expect_header": _headers,
    "expect_body_regex": lambda given: [{"body_regex": given}],
    "expect_json": _jsons,
}
