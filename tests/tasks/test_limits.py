"""Celery's own time limits, which hold when the fetch's deadline would come later; on a real prefork worker."""

import contextlib
import dataclasses
import uuid
from typing import Any

import psutil
import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from flask import Flask

from tasks.endings import is_overtime
from tasks.limits import HARD_TIME_LIMIT, SOFT_TIME_LIMIT, limits_of
from tasks.scan import scan
from tests.factories import a_claim, a_scan, row
from tests.process import Process
from tests.target import Target
from tests.tasks.conftest import News
from webapp.scans import lifecycle, queries
from webapp.scans.states import ErrorCode, Outcome, State
from webapp.settings import Settings


def test_the_task_has_the_fence_and_the_safety_that_it_promises() -> None:
    assert (scan.soft_time_limit, scan.time_limit) == (SOFT_TIME_LIMIT, HARD_TIME_LIMIT) == (540, 600)
    assert scan.acks_late and scan.reject_on_worker_lost and scan.max_retries is None


@pytest.mark.parametrize(("timeout", "limits"), [(0.1, (10.1, 20.1)), (30, (40, 50)), (530, (540, 550))])
def test_a_scans_own_limits_follow_its_timeout_and_stay_below_the_fence(
    timeout: float, limits: tuple[float, float]
) -> None:
    assert limits_of(timeout) == limits
    assert limits_of(timeout).soft <= SOFT_TIME_LIMIT and limits_of(timeout).hard <= HARD_TIME_LIMIT


def test_a_soft_limit_that_comes_while_the_answer_is_stored_ends_the_attempt_and_counts(
    app: Flask, settings: Settings, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_slow(*_: Any) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr("tasks.scan._write", too_slow)
    scan_id = a_scan(target.url("/ok"))

    scan.apply((str(scan_id), 1))

    assert row(scan_id).state is State.WAITING
    [attempt] = queries.get_attempts(scan_id)
    assert (attempt.outcome, row(scan_id).interruptions) == (Outcome.TIMED_OUT, 0)


def test_who_is_told_to_stop_at_the_hard_limit_has_overstayed(app: Flask) -> None:
    claim = a_claim(a_scan(attempt_timeout=1))
    aged = dataclasses.replace(claim, claimed_monotonic=claim.claimed_monotonic - limits_of(1).hard)

    # Pools of greenlets count from the start of the task, a moment before the claim.
    assert is_overtime(dataclasses.replace(aged, claimed_monotonic=aged.claimed_monotonic + 0.1))
    assert not is_overtime(claim)


def test_an_attempt_that_meets_the_soft_limit_is_timed_out_and_retried(
    stack: Flask, news: News, target: Target
) -> None:
    scan_id = a_scan(target.url("/hang?soft"), attempt_timeout=60, initial_interval=0.1)

    scan.apply_async((str(scan_id), 1), soft_time_limit=1)

    _is_timed_out(scan_id, news)
    _is_retried(scan_id, news)


def test_an_attempt_that_meets_the_hard_limit_is_settled_in_the_place_of_its_dead_child(
    stack: Flask, news: News, target: Target, running_worker: Process
) -> None:
    scan_id = a_scan(target.url("/hang?hard"), attempt_timeout=60, initial_interval=0.1)

    scan.apply_async((str(scan_id), 1), soft_time_limit=1, time_limit=2)

    # Children that are stuck where no signal reaches them: what the hard limit is for.
    target.wait_for_hits("/hang?hard", 1)
    children = psutil.Process(running_worker.pid).children(recursive=True)
    for child in children:
        child.suspend()
    _is_timed_out(scan_id, news)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.resume()
    _is_retried(scan_id, news)


def _is_timed_out(scan_id: uuid.UUID, news: News) -> None:
    heard = news.until_state(scan_id, "waiting")
    assert [event["state"] for event in heard] == ["running", "waiting"]
    [attempt] = queries.get_attempts(scan_id)
    assert (attempt.outcome, attempt.error_code) == (Outcome.TIMED_OUT, ErrorCode.TIMEOUT)


def _is_retried(scan_id: uuid.UUID, news: News) -> None:
    news.until_state(scan_id, "running")
    assert lifecycle.cancel(scan_id).state is State.CANCELED
    assert row(scan_id).attempt == 2
