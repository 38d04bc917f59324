"""What differs between two answers, whatever is in them."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.scans.json_diff import MOST_TOLD, diff_json, diff_values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"progress": 40}, {"progress": 60}, ["progress 40 → 60"]),
        ({"a": {"b": [1, {"c": "x"}]}}, {"a": {"b": [1, {"c": "y"}]}}, ['a.b[1].c "x" → "y"']),
        ({"a": 1}, {"b": 1}, ["a 1 → absent", "b absent → 1"]),
        ([1, 2], [1, 2, 3], ["[2] absent → 3"]),
        ({"odd key": 1, "": 2}, {"odd key": 2, "": 3}, ['"odd key" 1 → 2', '"" 2 → 3']),
        ({"a": 1}, {"a": 1.0}, ["a 1 → 1.0"]),
        ({"a": 1}, {"a": True}, ["a 1 → true"]),
        ({"a": None}, {"a": {"b": 1, "c": 2}}, ["a null → 2 keys"]),
        ({"a": [1]}, {"a": {}}, ["a 1 item → 0 keys"]),
        ({"a": []}, {"a": []}, []),
        ("x", "y", ['(all) "x" → "y"']),
        ({"a": "é" * 500}, {"a": ""}, [f'a "{"é" * 58}… → ""']),
    ],
)
def test_each_difference_by_its_path(before: Any, after: Any, told: list[str]) -> None:
    diff = diff_values(before, after)

    assert [f"{each.path} {each.before} → {each.after}" for each in diff.differences] == told
    assert diff.is_whole


@given(JSON)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert diff_values(value, json.loads(json.dumps(value))).differences == ()


@given(JSON, JSON)
def test_what_differs_is_told_both_ways_in_words_of_bounded_length(one: Any, other: Any) -> None:
    there, back = diff_values(one, other), diff_values(other, one)

    assert len(there.differences) <= MOST_TOLD
    assert bool(there.differences) == bool(back.differences)
    assert all(len(each.before) <= 60 and len(each.after) <= 60 for each in there.differences)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"[" * 20_000 + b"]" * 20_000, b"[" * 20_000 + b"1" + b"]" * 20_000),
        (b"[" * 500 + b"]" * 500, b"[" * 500 + b"1" + b"]" * 500),
        (b"[" + b"1," * 30_000 + b"1]", b"[" + b"2," * 30_000 + b"1]"),
        (b"{" + b",".join(b'"%d":%d' % (n, n) for n in range(9000)) + b"}", b"{}"),
        (b"[" + b"[]," * 20_000 + b"1]", b"[" + b"[1]," * 15_000 + b"1]"),
    ],
)
def test_hostile_documents_cost_little_and_the_rest_is_not_claimed_to_be_equal(before: bytes, after: bytes) -> None:
    started = time.process_time()
    diff = diff_json(before, after)

    assert time.process_time() - started < 1
    assert diff is None or not diff.is_whole


def test_what_is_no_json_is_not_compared() -> None:
    assert diff_json(b"{", b"{}") is None and diff_json(b"{}", b"9" * 5000) is None
