"""Upkeep: the scheduler folds, indexes and purges a little at a time, and rests in between."""

import dataclasses
import uuid

import pytest
from flask import Flask
from sqlalchemy import func, select

from tasks import upkeep
from tasks.celery import celery
from tasks.due import DueScheduler
from tasks.upkeep import Upkeep
from tests.factories import GOOD, a_claim, a_scan, settle
from tests.scans.test_purge import an_ended_scan, left
from webapp.database import db
from webapp.scans import lifecycle
from webapp.scans.derived import ScanCountChange, SearchText, SearchTodo


@pytest.fixture(autouse=True)
def without_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "REST", 0)
    monkeypatch.setattr(upkeep, "SHORTEST_REST_SECONDS", 0.0)


def run_once(found: Upkeep) -> int:
    """How many steps were wanted."""
    steps = found.steps(lifecycle.look_ahead())
    for step in steps:
        assert step() == 0
    return len(steps)


def rows(table: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_what_changed_is_folded_and_indexed_and_then_nothing_is_wanted(either_app: Flask) -> None:
    settle(a_claim(a_scan()), GOOD)
    found = Upkeep(keep_days=0, most_bytes=0)

    assert run_once(found) == 2
    assert (rows(ScanCountChange), rows(SearchTodo), rows(SearchText)) == (0, 0, 1)
    assert run_once(found) == 0
    assert found.seconds_until(lifecycle.look_ahead()) == float("inf")


def test_without_keep_days_nothing_is_purged(either_app: Flask) -> None:
    scan_id = an_ended_scan(10_000)

    run_once(Upkeep(keep_days=0, most_bytes=0))

    assert left(scan_id)


def test_what_was_kept_for_keep_days_is_purged_in_small_steps(
    either_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "PURGE_LIMIT", 2)
    young = an_ended_scan(1.4)
    old = [an_ended_scan(1.6) for _ in range(3)]
    found = Upkeep(keep_days=1.5, most_bytes=0)

    run_once(found)
    assert len(left(*old)) == 1
    run_once(found)

    assert left(young, *old) == {young}


def test_a_step_rests_and_says_for_how_long(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "SHORTEST_REST_SECONDS", 60.0)
    a_scan()
    found = Upkeep(keep_days=0, most_bytes=0)
    run_once(found)
    a_scan()
    outlook = lifecycle.look_ahead()

    assert found.steps(outlook) == []
    assert 50 < found.seconds_until(outlook) <= 60


def test_the_scheduler_does_it(app: Flask) -> None:
    settings = app.extensions["tilldone.settings"]
    app.extensions["tilldone.settings"] = dataclasses.replace(settings, keep_days=1)
    old: uuid.UUID = an_ended_scan(2)

    DueScheduler(app=celery).tick()

    assert not left(old)
    assert (rows(ScanCountChange) <= 2, rows(SearchTodo)) == (True, 0)
