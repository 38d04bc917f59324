"""Sets of statuses in each form, and what is refused."""

import pytest

from webapp.scans.errors import InvalidField
from webapp.scans.rules.statuses import Statuses


@pytest.mark.parametrize(
    ("given", "inside", "outside", "words"),
    [
        (200, [200], [201, 199], "status 200"),
        ("200", [200], [201], "status 200"),
        ("2xx", [200, 204, 299], [199, 300], "status 2xx"),
        ("2XX", [299], [300], "status 2xx"),
        ("200-204", [200, 202, 204], [199, 205], "status 200-204"),
        ("200 - 204", [204], [205], "status 200-204"),
        ("<400", [100, 399], [400], "status < 400"),
        ("< 400", [399], [400], "status < 400"),
        ("<=400", [400], [401], "status <= 400"),
        (">499", [500, 599, 999], [499], "status > 499"),
        (">=500", [500], [499], "status >= 500"),
        ("200, 204", [200, 204], [201, 203], "status 200 or 204"),
        ("200,304 5xx", [304, 503], [404], "status 200 or 304 or 5xx"),
        ([200, "3xx"], [200, 301], [404], "status 200 or 3xx"),
    ],
)
def test_forms(given: object, inside: list[int], outside: list[int], words: str) -> None:
    statuses = Statuses.parse(given, of="expect_status")

    assert statuses.numbers.issuperset(inside) and statuses.numbers.isdisjoint(outside)
    assert statuses.words == words
    assert Statuses.parse(statuses.text, of="expect_status") == statuses


@pytest.mark.parametrize(
    "given",
    ["", "ok", "20", "2000", "6xx", "0xx", "204-200", "<100", "==200", "200..299", "-1", True, 2.5, None, [], {}],
)
def test_what_is_no_status_is_refused_with_the_cure(given: object) -> None:
    with pytest.raises(InvalidField) as caught:
        Statuses.parse(given, of="expect_status")

    assert caught.value.field == "expect_status" and "2xx" in caught.value.cure


def test_a_list_without_end_is_refused() -> None:
    with pytest.raises(InvalidField, match="more than 50"):
        Statuses.parse([200] * 51, of="expect_status")
