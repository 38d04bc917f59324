"""A policy in plain words and numbers, before the submit and beside what has come of it."""

from typing import Any

import pytest
from flask import Flask

from tests.factories import GOOD, UNAVAILABLE, a_claim, a_scan, row, settle
from webapp.routes.plan import PlanView, plan_words
from webapp.scans import lifecycle, queries
from webapp.scans.policy_input import read_policy
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import State


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Tries now, then every 15 s, at most 20 times; gives up after 1 h. An attempt may take 30 s."),
        ({"max_attempts": 1}, "Tries once, for at most 30 s."),
        ({"initial_interval": 0}, "then again at once,"),
        ({"backoff": "linear"}, "then after 15 s, 30 s, 45 s … up to 4 m 45 s,"),
        ({"backoff": "exponential"}, "then after 15 s, 30 s, 1 m … up to 10 m,"),
        ({"backoff": "exponential", "backoff_coefficient": 1}, "then every 15 s,"),
        ({"schedule": "5s, 1m"}, "then after 5 s, 1 m, then every 1 m,"),
        ({"schedule": "5s, 1m", "max_attempts": 3}, "then after 5 s, 1 m, at most 3 times"),
        ({"schedule": "1 2 3 4 5 6 7"}, "then after 1 s, 2 s, 3 s, 4 s, 5 s … 7 s, then every 7 s,"),
        ({"jitter": "full"}, "then every 15 s (each shorter by chance, down to none),"),
        ({"jitter": "equal"}, "then every 15 s (each up to half shorter by chance),"),
        ({"jitter": "decorrelated"}, "then by chance after 15 s to three times the wait before, 10 m at most,"),
        ({"connect_timeout": 2, "read_timeout": 5}, "An attempt may take 30 s (2 s to connect, 5 s of silence)."),
        ({"retry_on": "5xx, not_met"}, "Retries only 5xx, not_met: anything else fails at once."),
        ({"respect_retry_after": "no"}, "Does not heed Retry-After."),
    ],
)
def test_a_policy_in_words(given: dict[str, Any], words: str) -> None:
    assert words in plan_words(read_policy(given)).replace("\xa0", " ")


def steps(view: PlanView) -> list[str]:
    return [f"{step.number} {step.when} {step.kind}" if step else "…" for step in view.steps]


def test_the_preview_says_when_how_many_and_when_it_gives_up() -> None:
    view = PlanView.of(RetryPolicy(initial_interval=60, max_attempts=3))

    assert steps(view) == ["1 now due", "2 1 m planned", "3 2 m planned"]
    assert view.summary.replace("\xa0", " ") == (
        "At most 3 requests; gives up between 2 m and 3 m 30 s after the submit, the slower the answers the later."
    )


def test_the_preview_of_a_thousand_attempts_is_short_and_knows_the_deadline() -> None:
    view = PlanView.of(read_policy({"max_attempts": 1000, "jitter": "equal", "initial_interval": "10s"}))

    assert steps(view) == [
        "1 now due", "2 5 s to 10 s planned", "3 10 s to 20 s planned", "4 15 s to 30 s planned", "…",
        "718 59 m 45 s to 1 h planned", "719 59 m 50 s to 1 h planned", "720 59 m 55 s to 1 h planned",
    ]  # fmt: skip
    assert view.summary.replace("\xa0", " ") == (
        "At most 720 requests; gives up when the next attempt would come after the deadline of 1 h."
    )


def test_a_scans_plan_has_the_past_filled_in(app: Flask) -> None:
    scan_id = a_scan(initial_interval=60, max_attempts=3)
    settle(a_claim(scan_id), UNAVAILABLE)

    view = PlanView.of_scan(row(scan_id), queries.get_attempts(scan_id))

    kinds = [(step.number, step.kind) for step in view.steps if step]
    assert kinds == [(1, "http_error"), (2, "due"), (3, "planned")]
    assert view.steps[2] is not None and view.steps[2].when == "2 m"
    assert view.summary.startswith("At most 2 more requests after the 1 made;")


def test_interrupted_attempts_do_not_count_and_a_running_one_is_seen(app: Flask) -> None:
    scan_id = a_scan(max_attempts=2)
    lifecycle.hand_back(a_claim(scan_id))
    a_claim(scan_id, 2)

    view = PlanView.of_scan(row(scan_id), queries.get_attempts(scan_id))

    assert [(step.number, step.kind) for step in view.steps if step] == [
        (1, "interrupted"), (2, "running"), (3, "planned"),
    ]  # fmt: skip
    assert view.summary.startswith("At most 2 more requests after the 1 made;")


def test_of_a_scan_that_has_ended_only_the_past_is_told(app: Flask) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), GOOD)

    scan = row(scan_id)
    view = PlanView.of_scan(scan, queries.get_attempts(scan_id))

    assert scan.state is State.SUCCEEDED
    assert [step.kind for step in view.steps if step] == ["succeeded"]
    assert view.summary.startswith("1 request was made, and it ended after ")
