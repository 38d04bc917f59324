"""When leases can be believed, and when they only look over."""

import datetime as dt
import time

from tasks.clock_watch import ClockWatch

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
REST_SECONDS = 60.0


def looked(*readings: tuple[float, float]) -> ClockWatch:
    """A watch that was shown these: seconds past noon by the database, and seconds ago by its own clock."""
    watch = ClockWatch(REST_SECONDS)
    for clock, ago in readings:
        watch.look(NOON + dt.timedelta(seconds=clock), asked_at=time.monotonic() - ago)
    return watch


def test_two_clocks_that_go_alike_are_calm() -> None:
    assert looked((0, 10), (9, 1), (10, 0)).is_calm


def test_a_fresh_start_is_calm_so_that_what_a_crash_left_is_taken_up_at_once() -> None:
    assert looked((0, 0)).is_calm


def test_a_clock_put_forward_gives_workers_time_to_renew() -> None:
    assert not looked((0, 1), (3600, 0)).is_calm


def test_a_clock_put_back_does_too() -> None:
    assert not looked((3600, 1), (0, 0)).is_calm


def test_a_database_that_answers_a_little_slowly_is_no_step() -> None:
    assert looked((0, 40), (10, 20)).is_calm


def test_one_that_answers_so_slowly_that_leases_ran_out_gives_workers_time_to_renew() -> None:
    assert not looked((0, 200), (10, 100)).is_calm


def test_a_database_that_was_away_gives_workers_time_to_renew() -> None:
    watch = looked((0, 2))
    watch.lose_sight()
    assert not watch.is_calm

    watch.look(NOON + dt.timedelta(seconds=2), asked_at=time.monotonic())

    assert not watch.is_calm


def test_the_rest_ends() -> None:
    watch = ClockWatch(0.0)
    watch.lose_sight()
    watch.look(NOON, asked_at=time.monotonic())

    assert watch.is_calm
