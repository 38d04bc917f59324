"""Conditions as people type them, and every way to get them wrong, each with field, place and cure."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from webapp.database import db
from webapp.scans import lifecycle, queries
from webapp.scans.draft import Draft
from webapp.scans.errors import InvalidField
from webapp.scans.models import Scan
from webapp.scans.rules import DEFAULT_RULE
from webapp.scans.rules.grammar import read_test
from webapp.scans.rules.lines import read_line
from webapp.scans.rules.shorthand import read_rule

URL = "https://target.example/"


def json_is(path: str, op: str, value: Any) -> dict[str, Any]:
    return {"json": {"path": path, "op": op, "value": value}}


@pytest.mark.parametrize(
    ("line", "condition"),
    [
        ("status 404", {"status": "404"}),
        ("status 404, 410", {"status": "404, 410"}),
        ("Status >= 500", {"status": ">= 500"}),
        ("status == 404", {"status": "404"}),
        ("status 5xx", {"status": "5xx"}),
        ("not status 200-299", {"not": {"status": "200-299"}}),
        ('status == "failed"', json_is("status", "==", "failed")),
        ("json status == 404", json_is("status", "==", 404)),
        ("header X-State", {"header": {"name": "X-State"}}),
        ("header X-State: a: b", {"header": {"name": "X-State", "matches": "a: b"}}),
        ("body matches done|ready", {"body_regex": "done|ready"}),
        ('body matches "done"', {"body_regex": "done"}),
        ("body.state == 1", json_is("body.state", "==", 1)),
        ("a==1", json_is("a", "==", 1)),
        ("a.b >= 1.5", json_is("a.b", ">=", 1.5)),
        ("a == true", json_is("a", "==", True)),
        ("a == null", json_is("a", "==", None)),
        ("a == done", json_is("a", "==", "done")),
        ("a == 'it\\'s'", json_is("a", "==", "it's")),
        ('a == "5"', json_is("a", "==", "5")),
        ("a == `5`", json_is("a", "==", 5)),
        ('a == {"b": [1]}', json_is("a", "==", {"b": [1]})),
        ('a contains "x == y"', json_is("a", "contains", "x == y")),
        ("a matches ^a == b$", json_is("a", "matches", "^a == b$")),
        ("a exists", {"json": {"path": "a", "op": "exists"}}),
        ('{"any": ["status 404"]}', {"any": ["status 404"]}),
        ("{x: a}.x == 1", json_is("{x: a}.x", "==", 1)),
        ("not a exists", {"not": {"json": {"path": "a", "op": "exists"}}}),
        ("items[?state=='done'] | length(@) >= 3", json_is("items[?state=='done'] | length(@)", ">=", 3)),
        ('"odd == key".x == 1', json_is('"odd == key".x', "==", 1)),
        ("(a || b) == 1", json_is("(a || b)", "==", 1)),
        ("exists exists", {"json": {"path": "exists", "op": "exists"}}),
    ],
)
def test_lines(line: str, condition: dict[str, Any]) -> None:
    assert read_line(line, of="fail_when") == condition
    read_test(line, of="fail_when")


@pytest.mark.parametrize(
    ("field", "given", "problem"),
    [
        ("expect_json", "a", "no operator"),
        ("expect_json", "== 5", "no path"),
        ("expect_json", "a ==", "no value"),
        ("expect_json", "a == b c", "at character 6 is no JSON value"),
        ("expect_json", "a == NaN5,", "is no JSON value"),
        ("expect_json", "a == 1 && b == 2", "is no JSON value"),
        ("expect_json", "a && b == 2", "joins conditions with && at character 3"),
        ("expect_json", "a exists b", "goes on after exists"),
        ("expect_json", "a[ == 5", "no operator"),
        ("expect_json", "a..b == 5", "is no JMESPath from character 3 on"),
        ("expect_json", {"path": "a[", "value": 5}, "ends too early"),
        ("expect_json", "nope(a) == 5", "nope() is no function"),
        ("expect_json", "&a == 5", "has & where"),
        ("expect_json", "not_null(&a) == 5", "has & where"),
        ("expect_json", "a matches (", "is no regular expression: missing ) at character 1"),
        ("expect_json", "a matches x(?=y)", "invalid perl operator at character 2"),
        ("expect_json", "a > null", "cannot tell what is >"),
        ("expect_json", "a > true", "cannot tell what is >"),
        ("expect_json", "x" * 501 + " == 1", "more than 500 characters"),
        ("expect_json", "!" * 40 + "a == 1", "nests more than 30 deep"),
        ("expect_json", 'a == "' + "x" * 2001 + '"', "more than 2000 characters"),
        ("expect_json", {"path": "a", "op": "=~", "value": 1}, "operator '=~'"),
        ("expect_json", {"path": "a", "op": "=="}, "with nothing"),
        ("expect_json", {"path": "a", "value": float("nan")}, "no JSON"),
        ("expect_json", {"path": 5, "value": 1}, "no path"),
        ("expect_json", {"path": "a", "value": 1, "when": 2}, "'when'"),
        ("expect_json", [5], "not an object"),
        ("expect_json", ["a == 1"] * 51, "more than 50"),
        ("expect_header", "X State: a", "names no header"),
        ("expect_header", "X-State: [", "no regular expression"),
        ("expect_header", {"matches": "a"}, "names no header"),
        ("expect_header", 5, "not an object"),
        ("expect_body_regex", "[", "missing ]"),
        ("expect_body_regex", "x" * 1001, "more than 1000"),
        ("expect_body_regex", "a{1000000}", "invalid repetition size"),
        ("expect_body_regex", "a\0", "cannot be seen"),
        ("expect_body_regex", "\ud800", "cannot be seen"),
        ("expect_body_regex", 5, "no pattern"),
        ("expect_status", "ok", "no HTTP status"),
        ("fail_when", "what is this", "no operator"),
        ("fail_when", {"statuses": 5}, "'statuses', which is not known"),
        ("fail_when", {"status": 5, "json": "a exists"}, "not an object with one key"),
        ("fail_when", {"any": []}, "joins no conditions"),
        ("fail_when", {"not": 5}, "not an object"),
        ("match", "some", "'some' is not known"),
        ("rule", [], None),
        ("rule", "x", "is no JSON"),
        ("rule", "{}", "not a list"),
        ("rule", [{"when": "a exists"}], "without when and then"),
        ("rule", [{"when": "a exists", "then": "win"}], "'win', which is not known"),
        ("rule", [{"when": "a exists", "then": "failure"}], "no clause that leads to success"),
        ("rule", [{"when": "a exists", "then": "success"}] * 51, "more than 50 clauses"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_field_place_and_cure(field: str, given: Any, problem: str | None) -> None:
    if problem is None:
        assert read_rule({field: given}) is None
        return

    with pytest.raises(InvalidField) as caught:
        read_rule({field: given})

    assert caught.value.field == field
    assert problem in caught.value.problem
    assert caught.value.cure


def test_conditions_nest_only_so_deep() -> None:
    deep: Any = "status 200"
    for _ in range(8):
        deep = {"not": deep}

    with pytest.raises(InvalidField, match="deep"):
        read_rule({"fail_when": deep})


def test_a_rule_beside_expectations_is_refused() -> None:
    with pytest.raises(InvalidField, match="not both"):
        read_rule({"rule": [{"when": "a exists", "then": "success"}], "expect_status": 200})


def test_a_rule_as_a_database_keeps_it_survives(either_app: Flask) -> None:
    given = {"expect_json": [{"path": "a", "value": "\0 \ud800 \U0001f600"}, "not b >= 5"], "fail_when": "status 404"}
    kept, plain = Draft.parse({"url": URL, **given}), Draft.parse({"url": URL})

    with either_app.app_context():
        ids = [change.id for change in lifecycle.submit([kept, plain]).changes]
        rules = [queries.get_scan(scan_id).rule for scan_id in ids]
        nulls = db.session.scalar(select(func.count()).select_from(Scan).where(text("rule IS NULL")))

    assert rules == [kept.rule, DEFAULT_RULE]
    assert nulls == 1
