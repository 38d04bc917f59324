"""The scheduler, tick by tick, on both databases and a real Valkey."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from tasks.celery import celery
from tasks.due import PATIENCE_SECONDS, DueScheduler
from tasks.presence import BEAT, seen_lately
from tasks.wake import backlog, wake
from tests.factories import UNAVAILABLE, a_claim, a_scan, a_wake_up, row, settle
from tests.tasks.conftest import News
from webapp.database import now, transaction
from webapp.live.redis_client import connect, get_redis
from webapp.scans import lifecycle
from webapp.scans.models import Scan
from webapp.scans.rules import judge
from webapp.scans.states import State


@pytest.fixture
def scheduler(either_app: Flask) -> DueScheduler:
    get_redis(either_app).flushall()
    return DueScheduler(app=celery)


def test_a_scan_that_is_due_and_unsent_is_woken_once(scheduler: DueScheduler) -> None:
    scan_id = a_scan()
    lifecycle.forget_sent([scan_id])

    scheduler.tick()
    scheduler.tick()

    assert backlog() == 1
    assert row(scan_id).sent_at is not None


def test_a_scan_that_waits_is_left_alone_until_it_is_due(scheduler: DueScheduler) -> None:
    settle(a_claim(a_scan(initial_interval=600)), UNAVAILABLE)

    scheduler.tick()

    assert backlog() == 0


def test_a_wake_up_that_the_broker_has_forgotten_is_sent_again(scheduler: DueScheduler, either_app: Flask) -> None:
    assert wake([a_wake_up(_woken_long_ago())])
    assert wake([a_wake_up(_woken_long_ago())])
    scheduler.tick()
    assert backlog() == 2  # as many as are unclaimed: the workers are just busy

    get_redis(either_app).flushall()
    assert wake([a_wake_up(a_scan()) for _ in range(3)])
    scheduler._wake_unclaimed()
    assert backlog() == 3  # they may still be on their way
    scheduler._wake_unclaimed()

    assert backlog() == 3 + 2  # though others were sent meanwhile


def _woken_long_ago() -> uuid.UUID:
    scan_id = a_scan()
    with transaction() as connection:
        long_ago = {"sent_at": now(-PATIENCE_SECONDS - 1), "due_at": now(-PATIENCE_SECONDS - 1)}
        connection.execute(update(Scan).where(Scan.id == scan_id).values(long_ago))
    return scan_id


def test_a_scan_whose_lease_is_over_is_queued_and_told(scheduler: DueScheduler, news: News) -> None:
    scan_id = a_scan()
    a_claim(scan_id, lease_seconds=-1)

    scheduler.tick()

    assert [event["state"] for event in news.until_state(scan_id, "queued")] == ["queued"]
    assert backlog() == 1


def test_a_scan_whose_deadline_is_over_ends_and_is_told(scheduler: DueScheduler, news: News) -> None:
    scan_id = a_scan(deadline=-1)

    scheduler.tick()

    assert news.end_of(scan_id).state is State.TIMED_OUT


def test_beat_shows_that_it_is_there_and_comes_back_within_a_second(scheduler: DueScheduler) -> None:
    assert not seen_lately(BEAT)

    assert 0 <= scheduler.tick() <= 1

    assert seen_lately(BEAT)


def test_a_full_step_is_followed_by_the_next_tick_at_once(
    scheduler: DueScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.due.STEP_LIMIT", 2)
    # Longer than a tick takes on the slowest machine.
    monkeypatch.setattr("tasks.due.SHORTEST_TICK_SECONDS", 60.0)
    ids = [a_scan() for _ in range(5)]
    lifecycle.forget_sent(ids)

    assert [scheduler.tick() == 0 for _ in range(3)] == [True, True, False]

    assert backlog() == 5


def test_leases_that_ran_out_while_the_database_was_away_may_still_be_renewed(
    scheduler: DueScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = a_claim(a_scan(), lease_seconds=-1)

    def away() -> None:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    with monkeypatch.context() as outage:
        outage.setattr(lifecycle, "look_ahead", away)
        scheduler.tick()
    scheduler.tick()

    assert row(claim.scan_id).state is State.RUNNING
    assert lifecycle.renew([claim], lease_seconds=10) == [claim]


def test_a_clock_put_forward_takes_no_work_from_a_worker_that_lives(
    scheduler: DueScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = a_claim(a_scan(), lease_seconds=10)
    scheduler.tick()

    # As it looks after a step of an hour: the clock says so, and every lease seems to be over.
    moved = lifecycle.look_ahead()
    moved = moved._replace(clock=moved.clock + dt.timedelta(hours=1))
    monkeypatch.setattr(lifecycle, "look_ahead", lambda: moved)
    lifecycle.renew([claim], lease_seconds=-3600)
    scheduler.tick()

    assert row(claim.scan_id).state is State.RUNNING


def test_the_next_tick_comes_sooner_when_something_is_due_sooner(scheduler: DueScheduler) -> None:
    scheduler.tick()
    assert scheduler.tick() > 0.5

    claim = a_claim(a_scan(initial_interval=0.3))
    assert lifecycle.settle(claim, UNAVAILABLE, judge(UNAVAILABLE), longest_countdown=None)

    assert scheduler.tick() < 0.35


def test_a_step_that_fails_does_not_keep_the_others_from_their_work(
    scheduler: DueScheduler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(lifecycle, "rescue", broken)
    a_claim(a_scan(), lease_seconds=-1)
    scan_id = a_scan(deadline=-1)

    scheduler.tick()

    assert row(scan_id).state is State.TIMED_OUT
    assert "the database is away" in caplog.text


def test_a_broker_that_is_full_takes_nothing_and_costs_nothing(scheduler: DueScheduler, either_app: Flask) -> None:
    scan_id = a_scan()
    valkey = get_redis(either_app)
    valkey.config_set("maxmemory", 1)
    try:
        assert wake([a_wake_up(scan_id)]) is False
        assert scheduler.tick() > 0.5
        assert row(scan_id).sent_at is None
    finally:
        valkey.config_set("maxmemory", 0)

    scheduler.tick()

    assert backlog() == 1


def test_while_the_broker_is_away_nothing_is_lost(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    scan_id = a_scan()
    nobody = connect("redis://127.0.0.1:9/0")
    monkeypatch.setattr(celery, "broker", dataclasses.replace(celery.broker, redis=nobody))

    assert wake([a_wake_up(scan_id)]) is False

    assert row(scan_id).sent_at is None
    assert lifecycle.take_due(10) == [a_wake_up(scan_id)]
