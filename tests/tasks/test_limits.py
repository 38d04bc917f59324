"""Celery's own time limits, which hold when the fetch's deadline would come later; on a real prefork worker."""

import pytest
from flask import Flask

from tasks.scan import HARD_TIME_LIMIT, SOFT_TIME_LIMIT, scan
from tests.factories import a_scan, row
from tests.target import Target
from tests.tasks.conftest import News
from webapp.scans import lifecycle, queries
from webapp.scans.states import ErrorCode, Outcome, State


def test_the_task_has_the_fence_and_the_safety_that_it_promises() -> None:
    assert (scan.soft_time_limit, scan.time_limit) == (SOFT_TIME_LIMIT, HARD_TIME_LIMIT) == (540, 600)
    assert scan.acks_late and scan.reject_on_worker_lost and scan.max_retries is None


@pytest.mark.parametrize("limits", [{"soft_time_limit": 1}, {"time_limit": 1}], ids=["soft", "hard"])
def test_an_attempt_that_meets_a_limit_is_timed_out_and_retried(
    stack: Flask, news: News, target: Target, limits: dict[str, int]
) -> None:
    path = f"/hang?{next(iter(limits))}"
    scan_id = a_scan(target.url(path), attempt_timeout=60, initial_interval=0.1, max_attempts=3)

    scan.apply_async((str(scan_id), 1), **limits)

    heard = news.until_state(scan_id, "waiting")
    assert [event["state"] for event in heard] == ["running", "waiting"]
    [attempt] = queries.get_attempts(scan_id)
    assert (attempt.outcome, attempt.error_code) == (Outcome.TIMED_OUT, ErrorCode.TIMEOUT)
    news.until_state(scan_id, "running")
    assert lifecycle.cancel(scan_id).state is State.CANCELED
    assert row(scan_id).attempt == 2
