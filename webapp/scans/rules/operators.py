"""What a condition may ask of a JSON value; types are compared as people expect: "5" is not 5."""

from collections.abc import Callable
from enum import StrEnum
from operator import ge, gt, le, lt
from typing import Any, Final, NamedTuple

from webapp.scans.exchange import MISSING
from webapp.scans.rules.budget import Budget
from webapp.scans.rules.equality import is_same, kind_of
from webapp.scans.rules.regexes import compile_regex
from webapp.scans.rules.showing import shown


class Operator(StrEnum):
    """In the order in which a line is searched for them: the longer first."""

    EQ = "=="
    NE = "!="
    LE = "<="
    GE = ">="
    LT = "<"
    GT = ">"
    CONTAINS = "contains"
    MATCHES = "matches"
    EXISTS = "exists"


class Comparison(NamedTuple):
    """Whether it is met; None when the value is of a kind that cannot be compared so. ``got`` in a few words."""

    is_met: bool | None
    got: str


_ORDERS: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    Operator.LT: lt,
    Operator.LE: le,
    Operator.GT: gt,
    Operator.GE: ge,
}


def compare(value: Any, operator: Operator, wanted: Any, budget: Budget) -> Comparison:
    """A value that is not there meets nothing, not even ``!=``. Raises TooMuchWork."""
    if value is MISSING:
        return Comparison(False, "nothing")
    match operator:
        case Operator.EXISTS:
            return Comparison(value is not None, shown(value))
        case Operator.EQ:
            return Comparison(is_same(value, wanted, budget), _with_kind(value, wanted))
        case Operator.NE:
            return Comparison(not is_same(value, wanted, budget), shown(value))
        case Operator.CONTAINS:
            return _contains(value, wanted, budget)
        case Operator.MATCHES:
            return _matches(value, wanted)
        case _:
            return _in_order(value, operator, wanted)


def _in_order(value: Any, operator: Operator, wanted: Any) -> Comparison:
    is_orderable = kind_of(value) in ("a number", "a text")
    if not is_orderable or kind_of(value) != kind_of(wanted):
        return Comparison(None, f"{shown(value)} ({kind_of(value)}, not {kind_of(wanted)})")
    return Comparison(_ORDERS[operator](value, wanted), shown(value))


def _contains(value: Any, wanted: Any, budget: Budget) -> Comparison:
    if isinstance(value, str):
        if not isinstance(wanted, str):
            return Comparison(None, f"{shown(value)} ({kind_of(value)}, not a list)")
        return Comparison(wanted in value, shown(value))
    if isinstance(value, list):
        return Comparison(any(is_same(item, wanted, budget) for item in value), _listed(value))
    return Comparison(None, f"{shown(value)}, which is neither a text nor a list")


def _matches(value: Any, pattern: str) -> Comparison:
    if not isinstance(value, str):
        return Comparison(None, f"{shown(value)}, which is not a text")
    text = value.encode("utf-8", "replace")
    return Comparison(compile_regex(pattern, of="expect_json").search(text) is not None, shown(value))


def _with_kind(value: Any, wanted: Any) -> str:
    """``"5" (a text, not a number)``: said where one could be taken for the other."""
    one, other = kind_of(value), kind_of(wanted)
    looks_alike = one != other and shown(value).strip('"') == shown(wanted).strip('"')
    return f"{shown(value)} ({one}, not {other})" if looks_alike else shown(value)


def _listed(value: list[Any]) -> str:
    few = ", ".join(shown(item) for item in value[:3])
    return f"a list of {len(value):,}" + (f": {few}{', …' if len(value) > 3 else ''}" if value else "")
