"""When two JSON values are the same: by type and value, so that neither "5" nor true is ever a number."""

from typing import Any

from webapp.scans.rules.budget import Budget


def is_same(left: Any, right: Any, budget: Budget) -> bool:
    """Numbers compare by value (5 is 5.0), lists in order, objects by their names. Raises TooMuchWork."""
    waiting = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        budget.charge(1)
        if kind_of(one) != kind_of(other):
            return False
        if isinstance(one, list):
            if len(one) != len(other):
                return False
            budget.charge(len(one))
            waiting += zip(one, other, strict=True)
        elif isinstance(one, dict):
            if one.keys() != other.keys():
                return False
            budget.charge(len(one))
            waiting += ((item, other[name]) for name, item in one.items())
        elif isinstance(one, str):
            budget.charge_text(min(len(one), len(other)))
            if one != other:
                return False
        elif one != other:
            return False
    return True


def kind_of(value: Any) -> str:
    """The type of a JSON value, in plain words."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "null"
