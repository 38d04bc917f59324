"""The scanner task in a real worker, on a real Valkey, against a scripted target."""

import json
import uuid
from typing import Any

import pytest
from flask import Flask

from tasks.wake import wake
from tests.factories import row
from tests.process import Process
from tests.target import Target
from tests.tasks.conftest import News
from webapp.scans import lifecycle, queries
from webapp.scans.draft import Draft
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import ErrorCode, Outcome, State, Trigger


def submitted(url: str, *, method: str = "GET", headers: dict[str, str] | None = None, **policy: Any) -> uuid.UUID:
    given = {"initial_interval": 0.05, "attempt_timeout": 5, **policy}
    draft = Draft(url, method=method, headers=headers or {}, policy=RetryPolicy(**given))
    submission = lifecycle.submit([draft])
    assert wake(submission.wake_ups)
    return submission.changes[0].id


def test_a_good_answer_at_once(stack: Flask, news: News, target: Target) -> None:
    scan = news.end_of(submitted(target.url("/ok")))

    assert (scan.state, scan.attempt, scan.status, scan.error) == (State.SUCCEEDED, 1, 200, None)
    answer = queries.get_answer(scan.id)
    assert answer is not None and json.loads(answer.body)["success"] is True


def test_a_flaky_target_is_tried_until_it_answers(stack: Flask, news: News, target: Target) -> None:
    scan = news.end_of(submitted(target.url("/flaky?fail=2&key=a")))

    assert (scan.state, scan.attempt) == (State.SUCCEEDED, 3)
    attempts = queries.get_attempts(scan.id)
    assert [a.outcome for a in attempts] == [Outcome.HTTP_ERROR, Outcome.HTTP_ERROR, Outcome.SUCCEEDED]
    assert [a.trigger for a in attempts] == [Trigger.INITIAL, Trigger.AUTOMATIC, Trigger.AUTOMATIC]
    assert target.hits("/flaky?fail=2&key=a") == 3


def test_a_server_that_asks_to_be_left_alone_for_a_second_is(stack: Flask, news: News, target: Target) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"

    scan = news.end_of(submitted(target.say(busy, path="/raw?busy"), max_attempts=2))

    first, second = queries.get_attempts(scan.id)
    assert scan.state is State.EXHAUSTED
    assert 0.9 < (second.started_at - first.finished_at).total_seconds() < 10


def test_an_answer_that_says_not_yet_is_asked_again(stack: Flask, news: News, target: Target) -> None:
    scan = news.end_of(submitted(target.url("/not-yet?times=2&key=b")))

    assert (scan.state, scan.attempt) == (State.SUCCEEDED, 3)
    first = queries.get_attempts(scan.id)[0]
    assert (first.outcome, first.error_code) == (Outcome.NOT_MET, ErrorCode.NOT_YET)
    assert any(not condition["is_met"] and condition["actual"] == "false" for condition in first.conditions)


def test_each_revision_is_told_once_in_order(stack: Flask, news: News, target: Target) -> None:
    scan_id = submitted(target.url("/flaky?fail=1&key=c"))

    heard = news.until_the_end_of(scan_id)

    assert [event["revision"] for event in heard] == [2, 3, 4, 5]
    assert [event["state"] for event in heard] == ["running", "waiting", "running", "succeeded"]


@pytest.mark.parametrize(
    ("path", "outcome", "code"),
    [
        ("/reset", Outcome.NETWORK_ERROR, ErrorCode.CONNECTION_RESET),
        ("/close", Outcome.NETWORK_ERROR, ErrorCode.SOCKET_CLOSED),
        ("/garbage", Outcome.NETWORK_ERROR, ErrorCode.BAD_RESPONSE),
        ("/status/404", Outcome.HTTP_ERROR, ErrorCode.HTTP_STATUS),
        ("/redirect-loop", Outcome.NETWORK_ERROR, ErrorCode.TOO_MANY_REDIRECTS),
    ],
)
def test_a_target_that_never_recovers_exhausts_the_scan(
    stack: Flask, news: News, target: Target, path: str, outcome: Outcome, code: ErrorCode
) -> None:
    scan = news.end_of(submitted(target.url(path), max_attempts=2))

    attempts = queries.get_attempts(scan.id)
    assert {a.outcome for a in attempts} == {outcome}
    assert (scan.state, scan.attempt, scan.error_code) == (State.EXHAUSTED, 2, code)
    assert scan.error and scan.error.startswith("Gave up after 2 attempts.")


@pytest.mark.parametrize("path", ["/hang", "/drip", "/drip-headers"])
def test_an_attempt_ends_at_its_timeout_whatever_the_target_does(
    stack: Flask, news: News, target: Target, path: str
) -> None:
    scan = news.end_of(submitted(target.url(path), attempt_timeout=0.4, max_attempts=1))

    [attempt] = queries.get_attempts(scan.id)
    assert (attempt.outcome, attempt.error_code) == (Outcome.TIMED_OUT, ErrorCode.TIMEOUT)
    assert (attempt.finished_at - attempt.started_at).total_seconds() < 3


def test_a_scan_without_hope_of_another_attempt_before_its_deadline_times_out(
    stack: Flask, news: News, target: Target
) -> None:
    scan = news.end_of(submitted(target.url("/status/503"), initial_interval=30, deadline=10))

    assert (scan.state, scan.attempt) == (State.TIMED_OUT, 1)


def test_a_huge_body_is_cut_and_marked(stack: Flask, news: News, target: Target) -> None:
    scan = news.end_of(submitted(target.url("/huge?mb=8")))

    answer = queries.get_answer(scan.id)
    assert answer is not None and answer.is_truncated
    assert len(answer.body) == 5 * 1024 * 1024


def test_headers_reach_the_target_but_not_the_log(
    stack: Flask, news: News, target: Target, running_worker: Process, redis_url: str
) -> None:
    scan = news.end_of(submitted(target.url("/echo"), headers={"Authorization": "Bearer canary-4711"}))

    assert target.requests[-1].headers["Authorization"] == "Bearer canary-4711"
    assert scan.state is State.SUCCEEDED
    assert "canary-4711" not in running_worker.output


def test_the_worker_logs_each_attempt_in_the_agreed_words(
    stack: Flask, news: News, target: Target, running_worker: Process
) -> None:
    news.end_of(submitted(target.url("/flaky?fail=1&key=log")))

    running_worker.wait_for("Tried 1 times - Status: 503 - ")
    running_worker.wait_for("Tried 2 times - Status: 200 - ")


def test_a_long_wait_is_woken_by_the_scheduler(stack: Flask, news: News, target: Target) -> None:
    scan_id = submitted(target.url("/flaky?fail=1&key=long"), initial_interval=3600, deadline=7200)
    news.until_state(scan_id, "waiting")

    lifecycle.retry_now(scan_id)
    lifecycle.forget_sent([scan_id])

    assert news.end_of(scan_id).state is State.SUCCEEDED


def test_a_scan_that_is_canceled_while_it_runs_keeps_nothing_of_the_answer(
    stack: Flask, news: News, target: Target
) -> None:
    scan_id = submitted(target.url("/gate?name=cancel"))
    target.wait_for_hits("/gate?name=cancel", 1)

    lifecycle.cancel(scan_id)
    target.open("cancel")

    after = news.end_of(submitted(target.url("/ok")))
    assert after.state is State.SUCCEEDED
    assert row(scan_id).state is State.CANCELED
    assert queries.get_answer(scan_id) is None


def test_a_doubled_wake_up_makes_one_attempt(stack: Flask, news: News, target: Target) -> None:
    draft = Draft(target.url("/flaky?fail=0&key=double"))
    submission = lifecycle.submit([draft])

    wake([*submission.wake_ups] * 5)

    news.end_of(submission.changes[0].id)
    news.end_of(submitted(target.url("/ok")))
    assert target.hits("/flaky?fail=0&key=double") == 1
