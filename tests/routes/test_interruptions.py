"""What a scan's page tells of an attempt that was cut off, case by case."""

import datetime as dt
from typing import Any

import pytest

from webapp.routes.interruptions import resumed_after, stories
from webapp.scans.models import Attempt, Scan
from webapp.scans.states import Outcome, State

START = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
LOST = "Interrupted: its worker was lost."
STOPPED = "Interrupted: its worker was told to stop."


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def cut_off(number: int, end: float, error: str = LOST) -> Attempt:
    times = {"started_at": at(end - 1), "finished_at": at(end)}
    return Attempt(number=number, outcome=Outcome.INTERRUPTED, worker="w1@host", error=error, **times)


def ended(number: int, start: float) -> Attempt:
    return Attempt(number=number, outcome=Outcome.SUCCEEDED, started_at=at(start), finished_at=at(start + 1))


def a_scan(state: State, **facts: Any) -> Scan:
    return Scan(state=state, **facts)


def test_who_was_resumed_says_after_how_long() -> None:
    attempts = [cut_off(1, 10), ended(2, 14)]
    scan = a_scan(State.SUCCEEDED)

    assert stories(scan, attempts) == {1: "its worker w1@host was lost; resumed 4.0 s later"}
    assert resumed_after(scan, attempts) == {1: 4.0}


def test_the_attempt_that_runs_now_is_the_resumption() -> None:
    scan = a_scan(State.RUNNING, attempt=2, attempt_started_at=at(12))

    assert resumed_after(scan, [cut_off(1, 10)]) == {1: 2.0}


@pytest.mark.parametrize(
    ("scan", "error", "words"),
    [
        (a_scan(State.QUEUED), LOST, "was lost; goes on as soon as a worker is free"),
        (a_scan(State.QUEUED), STOPPED, "was told to stop; goes on as soon as a worker is free"),
        (a_scan(State.ABANDONED, crashes=5), LOST, "was lost; not resumed: its worker was lost 5 times"),
        (a_scan(State.CANCELED), LOST, "was lost; not resumed: the scan was canceled"),
        (a_scan(State.TIMED_OUT), LOST, "was lost; not resumed: the deadline came first"),
    ],
)
def test_who_was_not_resumed_says_why(scan: Scan, error: str, words: str) -> None:
    attempts = [cut_off(1, 10, error)]

    assert stories(scan, attempts) == {1: f"its worker w1@host {words}"}
    assert resumed_after(scan, attempts) == {}


def test_attempts_that_came_to_their_own_end_have_no_such_story() -> None:
    assert stories(a_scan(State.SUCCEEDED), [ended(1, 0)]) == {}
