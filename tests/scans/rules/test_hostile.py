"""Hostile answers and hostile expressions: no exception, no endless work, no memory without end."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.scans.errors import InvalidField
from webapp.scans.exchange import MISSING, Exchange
from webapp.scans.rules import Decision, Rule, Verdict, judge
from webapp.scans.rules.grammar import read_test
from webapp.scans.rules.operators import Operator
from webapp.scans.rules.rule import Clause
from webapp.scans.rules.shorthand import read_rule
from webapp.scans.states import Outcome

URL = "https://target.example/"

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
PATHS = [
    "@", "a", "a.b", "[0]", "[*].a", "a[]", "*", "keys(@)", "length(@)", "to_string(@)", "to_number(@)", "sort(@)",
    "sort_by(@, &a)", "max_by(@, &a)", "sum(@)", "avg(@)", "join(',', @)", "contains(@, `1`)", "map(&a, @)", "max(@)",
    "reverse(@)", "type(@)", "values(@)", "merge(@, @)", "not_null(@, a)", "ceil(@)", "abs(@)", "floor(@)", "[::2]",
    "[?a == `1`]", "[?@ > `0`] | [0]", "a || b", "a && !b", "{x: a, y: @}", "[a, @]", "starts_with(@, 'a')", "&a",
    "to_array(@)", "min(@)", "[-1]", "@ == @", "ends_with(@, a)", '"" . a'.replace(" ", ""), "ceil(to_number('inf'))",
]  # fmt: skip
tests = st.recursive(
    st.builds(
        lambda path, op, value: {"json": {"path": path, "op": op.value, "value": value}},
        st.sampled_from(PATHS),
        st.sampled_from([op for op in Operator if op is not Operator.MATCHES]),
        values,
    )
    | st.builds(lambda pattern: {"body_regex": pattern}, st.sampled_from([".", "^a", "(a|b)*c", r"\d+$"]))
    | st.builds(lambda name: {"header": {"name": name}}, st.sampled_from(["X-A", "x-a", "Other"]))
    | st.builds(lambda status: {"status": status}, st.sampled_from(["2xx", "<400", "200, 404"]))
    | st.just({"valid_json": True}),
    lambda inner: (
        st.builds(lambda members: {"any": members}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda members: {"all": members}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda member: {"not": member}, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(test=tests, then=st.sampled_from(list(Decision)), body=values | st.just(MISSING), status=st.integers(100, 999))
def test_any_condition_judges_any_answer(test: dict[str, Any], then: Decision, body: Any, status: int) -> None:
    try:
        clause = Clause(read_test(test, of="rule"), then)
    except InvalidField:
        return  # such as an order with null
    raw = b"a1" if body is MISSING else json.dumps(body).encode()
    exchange = Exchange(URL, status, headers=(("X-A", "1"),), content_type="application/json", body=raw, json=body)

    verdict = judge(exchange, Rule((clause,)))

    assert isinstance(verdict, Verdict)
    assert (verdict.error is None) == (verdict.decision is Decision.SUCCESS)
    assert (verdict.outcome is Outcome.SUCCEEDED) == (verdict.decision is Decision.SUCCESS)
    if verdict.decision is Decision.FAILURE:
        assert then is Decision.FAILURE and any(condition.is_met for condition in verdict.conditions)
    json.dumps([condition.to_json() for condition in verdict.conditions]).encode()
    assert all(len(condition.actual) < 500 for condition in verdict.conditions)
    assert Rule.from_json({"clauses": [*Rule((clause,)).to_json()["clauses"], GOOD]}).clauses[0] == clause


GOOD = {"when": {"status": "200"}, "then": "success"}


@settings(max_examples=200, deadline=None)
@given(test=tests, body=values)
def test_a_condition_and_its_opposite_are_never_both_met(test: dict[str, Any], body: Any) -> None:
    try:
        one, other = read_test(test, of="rule"), read_test({"not": test}, of="rule")
    except InvalidField:
        return
    exchange = Exchange(URL, 200, body=json.dumps(body).encode(), json=body)

    decisions = [judge(exchange, Rule((Clause(which, Decision.FAILURE),))).decision for which in (one, other)]

    assert decisions.count(Decision.FAILURE) <= 1


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.text("ab.[]()*?&|!@`'\"{}:, =<>0_", max_size=30))
def test_whatever_is_typed_is_a_rule_or_refused_with_a_cure(text: str) -> None:
    for field in ("expect_status", "expect_header", "expect_body_regex", "expect_json", "fail_when"):
        try:
            rule = read_rule({field: text})
        except InvalidField as error:
            assert error.field == field and error.problem and error.cure
        else:
            assert rule is None or (judge(Exchange(URL, 200, body=b"[1]", json=[1]), rule) and rule.words)


@given(values, values)
def test_equality_is_that_of_the_json_text(one: Any, other: Any) -> None:
    exchange = Exchange(URL, 200, body=b"x", json=one)
    rule = Rule((Clause(read_test({"json": {"path": "@", "op": "==", "value": other}}, of="rule"), Decision.SUCCESS),))

    is_same = judge(exchange, rule).decision is Decision.SUCCESS

    if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
        assert is_same
    elif is_same:  # then it is numbers that are written in two ways
        assert one == other and repr(one) != repr(other)


DOUBLING = "|".join(["[@,@]"] * 22)
FLATTENING = "[@,@][]" + "|[@,@][]" * 22


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("deep", f"to_string({DOUBLING})"),
        ("digits", f"to_string({DOUBLING.replace('|[@,@]', '', 12)})"),
        ("long", f"{DOUBLING}|[@[0]==@[1],@,@]|[0]"),
        ("deep", f"contains({DOUBLING}, `1`)"),
        ("many", f"length({FLATTENING})"),
        ("digits", f"sort({FLATTENING})"),
        ("many", f"[{','.join(['@'] * 200)}][]"),
        ("long", f"join(to_string(@),[{','.join(['to_string(@[0])'] * 20)}])"),
        ("many", "map(&to_string(@), [*].[@,@,@,@][])"),
        ("many", "[*].[@,@,@,@,@][].[@,@,@,@,@][].[@,@,@,@,@][]"),
        ("long", f"sort_by({FLATTENING}, &to_string(@))"),
        ("many", "[*][*][*][*] | [?@ == @]"),
    ],
)
def test_the_work_of_an_expression_is_bounded_whatever_the_answer_is(kind: str, path: str) -> None:
    rule = read_rule({"expect_json": {"path": path, "op": "==", "value": "x"}})
    assert rule is not None

    assert judge(Exchange(URL, 200, body=b"x", json=a_document(kind)), rule).decision is Decision.RETRY


@pytest.mark.parametrize(
    ("kind", "path"), [("long", f"map(&to_string(@), {DOUBLING})"), ("digits", f"to_string({DOUBLING})")]
)
def test_its_memory_is_bounded_too(kind: str, path: str) -> None:
    rule = read_rule({"expect_json": {"path": path, "op": "exists"}})
    document = a_document(kind)
    assert rule is not None
    tracemalloc.start()

    judge(Exchange(URL, 200, body=b"x", json=document), rule)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 1024 * 1024


def a_document(kind: str) -> Any:
    kinds = {"many": list(range(20_000)), "long": ["x" * 2_000_000] * 2, "deep": 1, "digits": [10**4200] * 200}
    document = kinds[kind]
    for _ in range(900 if kind == "deep" else 0):
        document = [document]
    return document


def test_an_expression_that_is_too_much_says_so() -> None:
    rule = read_rule({"expect_json": f"length({FLATTENING}) > 5"})
    assert rule is not None

    verdict = judge(Exchange(URL, 200, body=b"[1]", json=[1]), rule)

    assert verdict.conditions[-1].actual == "this answer is too large for such an expression"


def test_all_conditions_share_one_budget() -> None:
    line = "length([?@ > `5`]) > 0"  # 60,000 elements: some hundred thousand steps
    rule = read_rule({"fail_when": [f"not {line}"] * 20})
    assert rule is not None
    document = list(range(60_000))

    verdict = judge(Exchange(URL, 200, body=b"x", json=document), rule)

    actuals = [condition.actual for condition in verdict.conditions]
    assert actuals[0] == "59994"
    assert actuals[-2] == "this answer is too large for such an expression"


def test_an_honest_expression_has_room_in_the_largest_answer() -> None:
    document = {"items": [{"id": number, "name": f"item {number}", "done": True} for number in range(60_000)]}
    rule = read_rule({"expect_json": ["length(items) == 60000", "items[-1].done == true", "items[59999].id == 59999"]})
    assert rule is not None

    assert judge(Exchange(URL, 200, body=b"x", json=document), rule).decision is Decision.SUCCESS


def test_a_pattern_takes_linear_time_where_others_take_for_ever() -> None:
    rule = read_rule({"expect_body_regex": "(a+)+$|(a|aa)+b|(.*)(.*)(.*)c"})
    assert rule is not None

    assert judge(Exchange(URL, 200, body=b"a" * 2_000_000 + b"!"), rule).decision is Decision.RETRY
