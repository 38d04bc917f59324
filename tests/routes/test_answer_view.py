"""Somebody else's answer, made fit for a page."""

import json

import pytest

from webapp.routes.answer_view import MAX_TEXT_BYTES, AnswerView
from webapp.routes.json_tree import MAX_CHILDREN, MAX_NODES, Node, read_tree
from webapp.scans.models import Answer


def a_tree(text: str) -> Node:
    tree = read_tree(text.encode())
    assert tree is not None
    return tree


def count(node: Node) -> int:
    return 1 + sum(map(count, node.children))


def test_a_tree_keeps_names_kinds_and_order() -> None:
    tree = a_tree('{"b": [true, null], "a": "x"}')

    assert [(child.key, child.kind, child.text) for child in tree.children] == [
        ("b", "array", "2 items"),
        ("a", "string", '"x"'),
    ]
    assert [(child.key, child.text) for child in tree.children[0].children] == [("0", "true"), ("1", "null")]


def test_numbers_are_shown_as_they_were_written() -> None:
    long = "9" * 5000

    tree = a_tree(f"[1.10, 1e400, 12345678901234567890123, {long}]")

    assert [child.text for child in tree.children[:3]] == ["1.10", "1e400", "12345678901234567890123"]
    assert tree.children[3].text.endswith("(5,000 characters)")


def test_a_name_that_comes_twice_is_seen_twice() -> None:
    assert [child.text for child in a_tree('{"a": 1, "a": 2}').children] == ["1", "2"]


def test_a_tree_is_bounded_in_width_in_depth_and_in_all() -> None:
    wide = a_tree(json.dumps(list(range(5000))))
    all_in_all = a_tree(json.dumps([[[0] * 100] * 100] * 100))
    deep = a_tree("[" * 900 + "]" * 900)

    assert len(wide.children) == MAX_CHILDREN and wide.hidden == 5000 - MAX_CHILDREN
    assert count(all_in_all) <= MAX_NODES + 1
    assert count(deep) < 50


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_has_no_tree(body: bytes) -> None:
    assert read_tree(body) is None


def test_long_text_is_cut_and_what_is_no_text_is_not_shown() -> None:
    long = AnswerView.of(Answer(body=b"x" * (MAX_TEXT_BYTES + 1), is_json=False))
    image = AnswerView.of(Answer(body=b"\x89PNG\x00\x1a" * 10, is_json=False))

    assert long.is_cut and long.text is not None and len(long.text) == MAX_TEXT_BYTES
    assert image.text is None
