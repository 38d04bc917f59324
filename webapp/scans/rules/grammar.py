"""From JSON, as programs send it and the database keeps it, to the tests of a rule; every fault names its cure."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from webapp.scans.errors import InvalidField
from webapp.scans.rules.conditions import BodyMatches, HeaderIs, JsonIs, JsonIsValid, StatusIs, Test
from webapp.scans.rules.groups import AllOf, AnyOf, Not
from webapp.scans.rules.json_path import JsonPath
from webapp.scans.rules.lines import read_line
from webapp.scans.rules.operators import Operator
from webapp.scans.rules.regexes import compile_regex
from webapp.scans.rules.statuses import Statuses

MAX_NESTING: Final = 6
MAX_VALUE_LENGTH: Final = 2000
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_ORDERS: Final = frozenset({Operator.LT, Operator.LE, Operator.GT, Operator.GE})
_CURE: Final = 'Give one of status, header, body_regex, json, all, any, not, such as {"status": "2xx"}.'


def read_test(given: object, *, of: str, nesting: int = 0) -> Test:
    """One condition, from an object or a line of text; raises InvalidField, named ``of``."""
    if isinstance(given, str):
        given = read_line(given, of=of)
    if not isinstance(given, Mapping) or len(given) != 1:
        raise InvalidField(of, "holds a condition that is not an object with one key", _CURE)
    if nesting > MAX_NESTING:
        raise InvalidField(of, f"nests conditions more than {MAX_NESTING} deep", "Write it flatter.")
    kind, value = next(iter(given.items()))
    if kind in ("all", "any"):
        members = tuple(read_test(one, of=of, nesting=nesting + 1) for one in _members(value, of))
        return AllOf(members) if kind == "all" else AnyOf(members)
    if kind == "not":
        return Not(read_test(value, of=of, nesting=nesting + 1))
    if kind not in _LEAVES:
        raise InvalidField(of, f"holds a condition {str(kind)[:40]!r}, which is not known", _CURE)
    return _LEAVES[kind](value, of)


def _members(value: object, of: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InvalidField(of, "joins no conditions", 'Give a list: {"any": [{"status": 200}, {"status": 204}]}.')
    return value


def _status(value: object, of: str) -> Test:
    return StatusIs(Statuses.parse(value, of=of))


def _header(value: object, of: str) -> Test:
    given = _object(value, of, {"name", "matches"}, 'Give {"name": "X-State", "matches": "done"}.')
    name, pattern = given.get("name"), given.get("matches")
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise InvalidField(of, f"names no header: {str(name)[:40]!r}", "Give a name such as X-State.")
    if pattern is not None:
        compile_regex(pattern, of=of)
    return HeaderIs(name, pattern)


def _body(value: object, of: str) -> Test:
    compile_regex(value, of=of)
    return BodyMatches(str(value))


def _json(value: object, of: str) -> Test:
    cure = 'Give {"path": "job.state", "op": "==", "value": "done"}.'
    given = _object(value, of, {"path", "op", "value", "if_present"}, cure)
    path, name = given.get("path"), given.get("op", "==")
    if not isinstance(path, str):
        raise InvalidField(of, "has no path", cure)
    if name not in set(Operator):
        raise InvalidField(of, f"has the operator {str(name)[:20]!r}, which is not known", _operators())
    operator = Operator(name)
    if operator is Operator.EXISTS:
        return JsonIs(JsonPath.parse(path, of=of), operator)
    if "value" not in given:
        raise InvalidField(of, f"compares {path[:60]!r} with nothing", cure)
    _check_value(operator, given["value"], of)
    return JsonIs(JsonPath.parse(path, of=of), operator, given["value"], given.get("if_present") is True)


def _check_value(operator: Operator, value: object, of: str) -> None:
    if operator is Operator.MATCHES:
        compile_regex(value, of=of)
        return
    if operator in _ORDERS and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise InvalidField(of, f"cannot tell what is {operator} such a value", "Give a number, or a text in quotes.")
    try:
        length = len(json.dumps(value, allow_nan=False))
    except (ValueError, RecursionError):
        raise InvalidField(of, "compares with a value that is no JSON", "Give a number, a text or null.") from None
    if length > MAX_VALUE_LENGTH:
        raise InvalidField(of, f"compares with more than {MAX_VALUE_LENGTH} characters", "Look for less.")


def _valid_json(value: object, of: str) -> Test:
    if value is not True:
        raise InvalidField(of, "can only say of valid_json that it is true", 'Give {"valid_json": true}.')
    return JsonIsValid()


def _object(value: object, of: str, names: set[str], cure: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidField(of, "holds a condition that is not an object", cure)
    if strange := next((name for name in value if name not in names), None):
        raise InvalidField(of, f"holds {str(strange)[:40]!r}, which is not known there", cure)
    return value


def _operators() -> str:
    return f"Known are {' '.join(Operator)}."


_LEAVES: Final[dict[str, Callable[[object, str], Test]]] = {
    "status": _status,
    "header": _header,
    "body_regex": _body,
    "json": _json,
    "valid_json": _valid_json,
}
