"""Rules with three outcomes: the order decides, what is unmet is said, and groups and negations mean what they say."""

import json
from typing import Any

import pytest

from webapp.scans.exchange import MISSING, Exchange, Failure
from webapp.scans.rules import Condition, Decision, Rule, judge
from webapp.scans.rules.shorthand import read_rule
from webapp.scans.states import ErrorCode, Outcome

SUCCESS, FAILURE, RETRY = Decision


def an_answer(body: Any = MISSING, status: int = 200, *, text: str = "", **rest: Any) -> Exchange:
    raw = text.encode() if body is MISSING else json.dumps(body).encode()
    return Exchange("https://target.example/", status, **{"body": raw, "json": body, **rest})


def a_rule(**given: Any) -> Rule:
    rule = read_rule(given)
    assert rule is not None
    return rule


def decided(exchange: Exchange, **given: Any) -> Decision:
    return judge(exchange, a_rule(**given)).decision


def test_what_is_said_nothing_of_stays_as_it_is_by_default() -> None:
    assert read_rule({}) is None
    assert read_rule({"expect_status": "", "expect_json": [], "fail_when": None, "match": "all"}) is None


def test_a_failure_condition_ends_the_hope_before_success_is_looked_at() -> None:
    verdict = judge(
        an_answer({"state": "failed", "progress": 100}),
        a_rule(expect_json="progress == 100", fail_when='state == "failed"'),
    )

    assert (verdict.decision, verdict.outcome) == (FAILURE, Outcome.FAILED)
    assert verdict.error_code is ErrorCode.FAIL_WHEN
    assert verdict.error == 'A failure condition is met: state == "failed", got "failed".'
    assert verdict.conditions == (Condition("state", 'state == "failed"', '"failed"', True, FAILURE),)


def test_each_failure_condition_is_enough() -> None:
    rule = a_rule(expect_status=200, fail_when=["status 404, 410", "error exists", {"header": {"name": "X-Dead"}}])

    assert judge(an_answer(status=410), rule).decision is FAILURE
    assert judge(an_answer({"error": "quota"}), rule).decision is FAILURE
    assert judge(an_answer(headers=(("x-dead", "yes"),)), rule).decision is FAILURE
    assert judge(an_answer({"error": None}), rule).decision is SUCCESS
    assert judge(an_answer(status=503), rule).decision is RETRY


def test_with_failure_conditions_alone_a_good_answer_is_what_it_is_by_default() -> None:
    rule = a_rule(fail_when='state == "failed"')

    assert judge(an_answer({"state": "x", "success": False}), rule).error == "Not yet: success is false, not true."
    assert judge(an_answer({"state": "x", "success": True}), rule).decision is SUCCESS


def test_without_an_expected_status_it_must_be_below_400() -> None:
    assert decided(an_answer({"done": True}, 500), expect_json="done == true") is RETRY
    assert decided(an_answer({"done": True}, 500), expect_json="done == true", expect_status="500") is SUCCESS
    assert decided(an_answer({"success": False}), expect_status="200") is SUCCESS


def test_all_or_any() -> None:
    given = {"expect_json": ["done == true", "progress >= 100"]}

    assert decided(an_answer({"done": True, "progress": 10}), **given) is RETRY
    assert decided(an_answer({"done": True, "progress": 10}), match="any", **given) is SUCCESS
    assert decided(an_answer({"done": True, "progress": 10}, 500), match="any", **given) is RETRY
    assert (
        decided(an_answer({"done": False}, 200), match="any", expect_status="200", expect_json="done == true")
        is SUCCESS
    )


def test_any_shows_the_group_and_its_members() -> None:
    rule = a_rule(expect_json=["done == true", "progress >= 100"], match="any")

    verdict = judge(an_answer({"done": False, "progress": 40}), rule)

    assert [(c.name, c.actual, c.is_met, c.level) for c in verdict.conditions] == [
        ("status", "200", True, 0),
        ("any of", "0 of 2 met", False, 0),
        ("done", "false", False, 1),
        ("progress", "40", False, 1),
    ]
    assert verdict.error == "Not yet: nothing is met of done == true or progress >= 100."


@pytest.mark.parametrize(
    ("expectation", "body", "error"),
    [
        ({"expect_json": "success == true"}, {"success": False}, "Not yet: success is false, not true."),
        ({"expect_json": "n == 5"}, {"n": "5"}, 'Not yet: n is "5" (a text, not a number), not 5.'),
        ({"expect_json": "progress >= 100"}, {"progress": 40}, "Not yet: progress >= 100, got 40."),
        ({"expect_json": "progress >= 100"}, {}, "Not yet: progress >= 100, got nothing."),
        ({"expect_json": "result exists"}, {"result": None}, "Not yet: result exists, got null."),
        ({"expect_json": "not a == 1"}, {"a": 1}, "Not yet: not a == 1, got 1."),
        ({"expect_json": "a.b[0] matches ^x"}, {"a": {"b": ["y"]}}, 'Not yet: a.b[0] matches ^x, got "y".'),
        ({"expect_status": "204"}, {}, "Not yet: status 204, got 200."),
        ({"expect_header": "X-State: ready"}, {}, "Not yet: header X-State matches ready, got no such header."),
        ({"expect_body_regex": "done"}, {}, "Not yet: body matches done, got not found."),
    ],
)
def test_what_is_not_met_is_said_with_what_was_expected_and_what_came(
    expectation: dict[str, Any], body: Any, error: str
) -> None:
    verdict = judge(an_answer(body), a_rule(**expectation))

    assert (verdict.decision, verdict.outcome, verdict.error_code) == (RETRY, Outcome.NOT_MET, ErrorCode.NOT_YET)
    assert verdict.error == error


def test_a_bad_status_is_an_error_of_http_whatever_the_rule() -> None:
    verdict = judge(an_answer(status=503, reason="Busy"), a_rule(expect_status="200", expect_json="a exists"))

    assert (verdict.outcome, verdict.error) == (Outcome.HTTP_ERROR, "The server answered 503 Busy.")


@pytest.mark.parametrize(
    ("given", "value", "is_met"),
    [
        ("X-State: ready", "ready", True),
        ("x-state: ^rea", "ready", True),
        ("X-State: ^ea", "ready", False),
        ("X-State", "", True),
        ("X-Other", "ready", False),
        ("not X-State: busy", "ready", True),
        ({"name": "X-State", "matches": "(?i)READY"}, "ready", True),
        ([{"name": "X-State"}, "X-State: dy$"], "ready", True),
    ],
)
def test_headers(given: Any, value: str, is_met: bool) -> None:
    answer = an_answer(headers=(("X-State", value), ("Other", "thing")))

    assert decided(answer, expect_header=given) is (SUCCESS if is_met else RETRY)


def test_one_of_several_values_of_a_header_is_enough() -> None:
    answer = an_answer(headers=(("Link", "a"), ("link", "b")))

    verdict = judge(answer, a_rule(expect_header="Link: ^b$"))

    assert verdict.decision is SUCCESS
    assert verdict.conditions[-1].actual == "a, b"


@pytest.mark.parametrize(
    ("pattern", "body", "content_type", "is_met"),
    [
        ("do+ne", b"all done", "text/plain", True),
        ("^done", b"all done", "text/plain", False),
        ("größe", "Größe: größe".encode("latin-1"), "text/html; charset=ISO-8859-1", True),
        ("größe", "größe".encode(), "", True),
        ("x", b"\xff\xfe\x00x", "application/octet-stream", True),
        ("done", "done".encode("utf-16"), "text/plain; charset=utf-16", True),
        ("done", b"done", "text/plain; charset=punycode", True),
        ("done", b"done", "text/plain; charset=nonsense", True),
    ],
)
def test_bodies(pattern: str, body: bytes, content_type: str, is_met: bool) -> None:
    answer = Exchange("https://target.example/", 200, body=body, content_type=content_type)

    assert decided(answer, expect_body_regex=pattern) is (SUCCESS if is_met else RETRY)


def test_not_and_groups_in_a_whole_rule() -> None:
    rule = Rule.parse(
        [
            {"when": {"not": {"any": [{"status": "2xx"}, {"status": "503"}]}}, "then": "failure"},
            {"when": {"json": {"path": "state", "op": "==", "value": "sleeping"}}, "then": "retry"},
            {"when": {"all": ["status 200", {"not": 'state == "busy"'}]}, "then": "success"},
        ]
    )

    assert judge(an_answer(status=404), rule).decision is FAILURE
    assert judge(an_answer(status=503), rule).decision is RETRY
    assert judge(an_answer({"state": "sleeping"}), rule).error == 'Not yet: state == "sleeping", got "sleeping".'
    assert judge(an_answer({"state": "busy"}), rule).error == 'Not yet: not state == "busy", got "busy".'
    assert judge(an_answer({"state": "done"}), rule).decision is SUCCESS


@pytest.mark.parametrize(
    "json_path", ["length(items) > 3", "not length(items) > 3", "a + b", "join('', items) == 'x'"][:2]
)
def test_what_cannot_be_computed_is_met_neither_way(json_path: str) -> None:
    verdict = judge(an_answer({"items": None}), a_rule(expect_json=json_path))

    assert verdict.decision is RETRY and verdict.conditions[-1].is_met is False
    assert "length()" in verdict.conditions[-1].actual


@pytest.mark.parametrize("given", ["a exists", "not a exists", 'a == "x"', "a != 1", "not a != 1"])
def test_a_body_that_is_no_json_meets_no_json_condition_nor_its_opposite(given: str) -> None:
    verdict = judge(an_answer(text="<html>"), a_rule(expect_json=given))

    assert verdict.decision is RETRY
    assert verdict.conditions[-1].actual == "a body that is no JSON"


def test_a_body_that_breaks_its_promise_of_json_is_a_bad_answer() -> None:
    answer = an_answer(text='{"a": ', content_type="application/json")

    assert judge(answer, a_rule(expect_json="a == 1")).error_code is ErrorCode.BAD_RESPONSE


@pytest.mark.parametrize(("is_permanent", "decision"), [(True, FAILURE), (False, RETRY)])
def test_where_no_answer_came_no_rule_is_asked(is_permanent: bool, decision: Decision) -> None:
    failure = Failure(Outcome.REFUSED, ErrorCode.REFUSED_BY_POLICY, "No.", is_permanent)

    verdict = judge(Exchange("https://target.example/", failure=failure), a_rule(expect_status="<600"))

    assert (verdict.decision, verdict.conditions, verdict.error) == (decision, (), "No.")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("job.items[1].name", "b"),
        ("job.items[-1].name", "b"),
        ("length(job.items)", 2),
        ("job.items[?name=='a'] | [0].n", 1),
        ("sort_by(job.items, &n)[0].name", "a"),
        ("max_by(job.items, &n).name", "b"),
        ("sum(job.items[*].n)", 3),
        ("join(',', job.items[].name)", "a,b"),
        ("to_string(job.items[0].n)", "1"),
        ("job.items[0].n == `1`", True),
        ("job.items[0].flag == `true`", False),
        ("contains(job.items[].name, 'b')", True),
        ("job.*[] | [0].name", "a"),
        ("{a: job.items[0].n}.a", 1),
        ('"odd key".x', 7),
        ("merge(job, {z: `1`}).z", 1),
        ("job.items[::-1] | [0].n", 2),
        ("not_null(nothing, job.items[0].n)", 1),
        ("map(&n, job.items) | [1]", 2),
    ],
)
def test_jmespath(path: str, value: Any) -> None:
    document = {"job": {"items": [{"name": "a", "n": 1, "flag": 1}, {"name": "b", "n": 2}]}, "odd key": {"x": 7}}

    verdict = judge(an_answer(document), a_rule(expect_json={"path": path, "op": "==", "value": value}))

    assert verdict.decision is SUCCESS, verdict.error


def test_a_rule_survives_its_own_json() -> None:
    rule = a_rule(
        expect_status=[200, "3xx"],
        expect_header=["A", "not B: x"],
        expect_body_regex="x",
        expect_json=["a exists", 'b == "x"', "not c >= 5", {"path": "d", "value": None}],
        match="any",
        fail_when=["status 404", "header X: y", "body matches z", "e contains 1", {"all": ["f exists", "g < 3"]}],
    )

    assert Rule.from_json(json.loads(json.dumps(rule.to_json()))) == rule


def test_a_rule_in_words() -> None:
    rule = a_rule(expect_json=["a == 1", "b exists"], match="any", fail_when=["status 404", "not c == 2"])

    assert rule.words == [
        "Fails at once when status 404",
        "Fails at once when not c == 2",
        "Succeeds when status < 400 and (a == 1 or b exists)",
    ]
