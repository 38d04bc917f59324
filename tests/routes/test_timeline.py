"""Attempts drawn to scale."""

import datetime as dt
from typing import Any

import pytest

from webapp.routes.timeline import MAX_BARS, Timeline, draw, segments
from webapp.scans.models import Attempt, Scan
from webapp.scans.states import Outcome, State

START = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def an_attempt(number: int, start: float, end: float, **phases: float) -> Attempt:
    times = {"started_at": at(start), "finished_at": at(end)}
    return Attempt(number=number, outcome=Outcome.HTTP_ERROR, phases=phases, **times)


def drawn(attempts: list[Attempt], *, now: float, **scan: Any) -> Timeline:
    timeline = draw(Scan(created_at=START, **scan), attempts, at(now))
    assert timeline is not None
    return timeline


def test_before_the_first_attempt_there_is_nothing_to_draw() -> None:
    assert draw(Scan(created_at=START, state=State.QUEUED), [], at(5)) is None


def test_bars_lie_where_they_were_in_time() -> None:
    attempts = [an_attempt(1, 10, 20), an_attempt(2, 50, 100)]

    timeline = drawn(attempts, now=500, state=State.FAILED, finished_at=at(100))

    assert [(bar.x, bar.width) for bar in timeline.bars] == [(10, 10), (50, 50)]
    assert timeline.now is None and timeline.due is None


def test_what_runs_now_reaches_to_now() -> None:
    timeline = drawn([], now=100, state=State.RUNNING, attempt=1, attempt_started_at=at(75))

    assert [(bar.kind, bar.x, bar.width) for bar in timeline.bars] == [("running", 75, 25)]


def test_a_wait_reaches_to_the_next_attempt() -> None:
    timeline = drawn([an_attempt(1, 0, 10)], now=50, state=State.WAITING, due_at=at(100))

    assert (timeline.now, timeline.due) == (50, 100)


def test_phases_share_the_bar_and_what_none_accounts_for_stays_blank() -> None:
    parts = segments(an_attempt(1, 0, 1, dns=100, connect=0, first_byte=400), 20, 10)

    assert [(part.phase, part.x, part.width) for part in parts] == [("dns", 20, 1), ("first_byte", 21, 4)]


def test_of_a_thousand_attempts_the_last_are_drawn() -> None:
    attempts = [an_attempt(number, number, number + 0.5) for number in range(1, 1001)]

    timeline = drawn(attempts, now=1001, state=State.EXHAUSTED, finished_at=at(1001))

    assert len(timeline.bars) == MAX_BARS and timeline.left_out == 1000 - MAX_BARS
    assert timeline.bars[0].x == 0


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [
        (4.6, ["1 s", "2 s", "3 s", "4 s"]),
        (60, ["10 s", "20 s", "30 s", "40 s", "50 s"]),
        (2.2, ["500 ms", "1 s", "1.5 s", "2 s"]),
        (0.05, []),
    ],
)
def test_ticks_are_round_and_leave_the_end_its_place(seconds: float, ticks: list[str]) -> None:
    timeline = drawn([an_attempt(1, 0, seconds)], now=99, state=State.SUCCEEDED, finished_at=at(seconds))

    assert [words for _, words in timeline.ticks] == ticks
