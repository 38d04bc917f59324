"""The default rule: what is good, what is not yet, what is hopeless, and how each is said."""

from typing import Any

import pytest

from webapp.scans.exchange import MISSING, Exchange, Failure
from webapp.scans.rules import Condition, Decision, Verdict, judge
from webapp.scans.states import ErrorCode, Outcome

URL = "https://target.example/"


def an_answer(status: int = 200, json: Any = MISSING, **rest: Any) -> Exchange:
    return Exchange(URL, status, **rest, json=json)


def a_failure(*, is_permanent: bool) -> Exchange:
    failure = Failure(Outcome.NETWORK_ERROR, ErrorCode.CONNECTION_RESET, "It broke.", is_permanent)
    return Exchange(URL, failure=failure)


@pytest.mark.parametrize(
    "exchange",
    [
        an_answer(200),
        an_answer(204),
        an_answer(304),
        an_answer(399),
        an_answer(200, {"success": True}),
        an_answer(200, {"rows": 3}),
        an_answer(200, {}),
        an_answer(200, None),
        an_answer(200, ["success", False]),
        an_answer(200, "success"),
        an_answer(200, body=b"done", content_type="text/plain"),
        an_answer(204, content_type="application/json"),
        an_answer(200, body=b'{"rows": [1, 2', content_type="application/json", is_truncated=True),
    ],
)
def test_a_good_answer_succeeds_and_says_nothing(exchange: Exchange) -> None:
    verdict = judge(exchange)

    assert (verdict.decision, verdict.outcome) == (Decision.SUCCESS, Outcome.SUCCEEDED)
    assert (verdict.error_code, verdict.error) == (None, None)
    assert verdict.conditions and all(condition.is_met for condition in verdict.conditions)


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (400, "", "The server answered 400."),
        (404, "Not Found", "The server answered 404 Not Found."),
        (503, "Service Unavailable", "The server answered 503 Service Unavailable."),
    ],
)
def test_a_status_from_400_is_tried_again(status: int, reason: str, words: str) -> None:
    verdict = judge(an_answer(status, {"success": True}, reason=reason))

    assert verdict.decision is Decision.RETRY
    assert (verdict.outcome, verdict.error_code) == (Outcome.HTTP_ERROR, ErrorCode.HTTP_STATUS)
    assert verdict.error == words
    assert verdict.conditions[0] == Condition("status", "status < 400", str(status), False)


@pytest.mark.parametrize(
    ("success", "actual"),
    [
        (False, "false"),
        (None, "null"),
        (0, "0"),
        (1, "1"),
        (1.5, "1.5"),
        ("true", '"true" (a text, not true or false)'),
        ("ä", '"ä"'),
        ({"a": 1}, "an object"),
        ([True], "a list"),
        ("\ud800", '"\\ud800"'),
        ("a\0b\u202e", '"a\\u0000b\\u202e"'),
    ],
)
def test_success_that_is_anything_but_true_is_not_yet(success: object, actual: str) -> None:
    verdict = judge(an_answer(200, {"success": success}))

    assert (verdict.decision, verdict.outcome) == (Decision.RETRY, Outcome.NOT_MET)
    assert verdict.error_code is ErrorCode.NOT_YET
    assert verdict.error == f"Not yet: success is {actual}, not true."
    assert verdict.conditions[-1] == Condition("success", "success == true", actual, False)


def test_a_long_value_is_cut() -> None:
    error = judge(an_answer(200, {"success": "x" * 100_000})).error

    assert error is not None and len(error) < 150 and "…" in error


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/hal+json"]
)
def test_what_claims_to_be_json_must_be_json(content_type: str) -> None:
    verdict = judge(an_answer(200, body=b'{"success": tru', content_type=content_type))

    assert (verdict.decision, verdict.outcome) == (Decision.RETRY, Outcome.NOT_MET)
    assert verdict.error_code is ErrorCode.BAD_RESPONSE and verdict.error is not None and "JSON" in verdict.error


@pytest.mark.parametrize(("is_permanent", "decision"), [(True, Decision.FAILURE), (False, Decision.RETRY)])
def test_a_failure_is_final_only_if_no_retry_can_mend_it(is_permanent: bool, decision: Decision) -> None:
    verdict = judge(a_failure(is_permanent=is_permanent))

    assert verdict == Verdict(decision, Outcome.NETWORK_ERROR, (), ErrorCode.CONNECTION_RESET, "It broke.")


def test_a_failure_counts_even_if_a_status_came() -> None:
    failure = Failure(Outcome.NETWORK_ERROR, ErrorCode.SOCKET_CLOSED, "It closed.")

    assert judge(Exchange(URL, 200, failure=failure)).decision is Decision.RETRY


def test_a_condition_tells_itself_as_json() -> None:
    told = Condition("status", "status < 400", "503", False).to_json()

    assert told == {
        "name": "status",
        "expected": "status < 400",
        "actual": "503",
        "is_met": False,
        "then": "success",
        "level": 0,
    }
