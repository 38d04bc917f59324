"""Each operator against each kind of value: what is met, what is not, what cannot be told; and how it is said."""

from typing import Any

import pytest

from webapp.scans.exchange import MISSING
from webapp.scans.rules.budget import Budget, TooMuchWork
from webapp.scans.rules.equality import is_same
from webapp.scans.rules.operators import Operator, compare

MET = [
    ("==", 5, 5),
    ("==", 5, 5.0),
    ("==", "a", "a"),
    ("==", True, True),
    ("==", None, None),
    ("==", [1, {"a": [True]}], [1.0, {"a": [True]}]),
    ("==", {"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ("!=", 5, 6),
    ("!=", "5", 5),
    ("!=", None, 5),
    ("<", 4, 5),
    ("<", "a", "b"),
    ("<=", 5, 5),
    (">", 5.5, 5),
    (">", "2026-02-01", "2026-01-31"),
    (">=", 100, 100),
    ("contains", "all done here", "done"),
    ("contains", ["a", "b"], "b"),
    ("contains", [1, [2]], [2]),
    ("matches", "job-17", r"^job-\d+$"),
    ("matches", "äöü", "ö"),
    ("exists", 0, None),
    ("exists", False, None),
    ("exists", "", None),
    ("exists", [], None),
]
NOT_MET = [
    ("==", "5", 5),
    ("==", 1, True),
    ("==", 0, False),
    ("==", [1], [True]),
    ("==", {"a": 0}, {"a": False}),
    ("==", [1, 2], [2, 1]),
    ("==", [1], [1, 2]),
    ("==", {"a": 1}, {"a": 1, "b": 2}),
    ("==", None, False),
    ("!=", 5, 5.0),
    ("<", 5, 5),
    (">", 5, 5),
    ("<=", 6, 5),
    (">=", 99.9, 100),
    ("contains", "abc", "d"),
    ("contains", [1, 2], "1"),
    ("contains", [True], 1),
    ("matches", "done", "^one"),
    ("exists", None, None),
]
CANNOT_BE_TOLD = [
    ("<", "4", 5),
    (">", None, 5),
    (">=", True, 0),
    ("<=", [1], 2),
    ("<", 5, "6"),
    ("contains", {"a": 1}, "a"),
    ("contains", 55, 5),
    ("contains", "55", 5),
    ("matches", 5, "5"),
    ("matches", None, "null"),
]


@pytest.mark.parametrize(("operator", "value", "wanted"), MET)
def test_met(operator: str, value: Any, wanted: Any) -> None:
    assert compare(value, Operator(operator), wanted, Budget()).is_met is True


@pytest.mark.parametrize(("operator", "value", "wanted"), NOT_MET)
def test_not_met(operator: str, value: Any, wanted: Any) -> None:
    assert compare(value, Operator(operator), wanted, Budget()).is_met is False


@pytest.mark.parametrize(("operator", "value", "wanted"), CANNOT_BE_TOLD)
def test_what_cannot_be_compared_is_neither_met_nor_its_opposite(operator: str, value: Any, wanted: Any) -> None:
    assert compare(value, Operator(operator), wanted, Budget()).is_met is None


def test_every_operator_is_in_the_tables() -> None:
    for table in (MET, NOT_MET):
        assert {Operator(operator) for operator, _, _ in table} == set(Operator)


@pytest.mark.parametrize("operator", list(Operator))
def test_a_value_that_is_not_there_meets_nothing(operator: Operator) -> None:
    assert compare(MISSING, operator, "x", Budget()) == (False, "nothing")


@pytest.mark.parametrize(
    ("operator", "value", "wanted", "got"),
    [
        ("==", "5", 5, '"5" (a text, not a number)'),
        ("==", 5, "5", "5 (a number, not a text)"),
        ("==", "true", True, '"true" (a text, not true or false)'),
        ("==", "null", None, '"null" (a text, not null)'),
        ("==", "six", 5, '"six"'),
        ("==", {"a": 1}, 5, "an object"),
        (">=", "100", 50, '"100" (a text, not a number)'),
        (">=", None, 50, "null (null, not a number)"),
        ("contains", [1, 2, 3, 4], 9, "a list of 4: 1, 2, 3, …"),
        ("contains", [], 9, "a list of 0"),
        ("contains", 7, 9, "7, which is neither a text nor a list"),
        ("matches", 7, "9", "7, which is not a text"),
    ],
)
def test_what_came_is_said_with_its_type_where_that_is_the_fault(
    operator: str, value: Any, wanted: Any, got: str
) -> None:
    assert compare(value, Operator(operator), wanted, Budget()).got == got


def test_equality_of_values_that_share_their_parts_is_bounded() -> None:
    one: list[Any] = [1]
    other: list[Any] = [1]
    for _ in range(60):  # written out, each would hold 2 ** 60 numbers
        one, other = [one, one], [other, other]

    with pytest.raises(TooMuchWork):
        is_same(one, other, Budget())


def test_values_as_deep_as_no_stack_can_be_compared() -> None:
    one: Any = 1
    other: Any = 2
    for _ in range(50_000):
        one, other = [one], [other]

    assert is_same(one, other, Budget()) is False
