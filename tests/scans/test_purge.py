"""Purge: what was kept long enough goes whole, and nothing else goes."""

import uuid

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from tests.factories import GOOD, UNAVAILABLE, a_claim, a_scan, settle
from tests.scans.test_races import at_once
from webapp.database import db, now, transaction
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.scans.models import Answer, Attempt, Batch, Scan

DAY = 86_400.0

pytestmark = pytest.mark.usefixtures("either_app")


def an_ended_scan(days_ago: float) -> uuid.UUID:
    scan_id = a_scan()
    settle(a_claim(scan_id), GOOD)
    _end(scan_id, days_ago)
    return scan_id


def _end(scan_id: uuid.UUID, days_ago: float) -> None:
    with transaction() as connection:
        connection.execute(update(Scan).where(Scan.id == scan_id).values(finished_at=now(-days_ago * DAY)))


def left(*ids: uuid.UUID) -> set[uuid.UUID]:
    db.session.rollback()
    return set(db.session.scalars(select(Scan.id).where(Scan.id.in_(ids))))


def test_only_what_ended_long_enough_ago_goes_oldest_first() -> None:
    young, old, oldest = an_ended_scan(6.9), an_ended_scan(7.1), an_ended_scan(30)
    waiting = a_scan()
    settle(a_claim(waiting), UNAVAILABLE)

    assert lifecycle.purge(1, keep_seconds=7 * DAY) == 1
    assert left(young, old, oldest, waiting) == {young, old, waiting}
    assert [lifecycle.purge(10, keep_seconds=7 * DAY) for _ in range(2)] == [1, 0]
    assert left(young, old, oldest, waiting) == {young, waiting}


def test_attempts_and_answer_go_with_their_scan() -> None:
    kept = an_ended_scan(1)
    an_ended_scan(9)

    lifecycle.purge(10, keep_seconds=7 * DAY)

    assert db.session.scalars(select(Attempt.scan_id)).all() == [kept]
    assert db.session.scalars(select(Answer.scan_id)).all() == [kept]


def test_a_batch_goes_with_the_last_of_its_scans() -> None:
    submission = lifecycle.submit([Draft(url="https://target.example/")] * 2, batch_name="b")
    first, second = (change.id for change in submission.changes)
    for scan_id in (first, second):
        lifecycle.cancel(scan_id)
    _end(first, 9)

    lifecycle.purge(10, keep_seconds=7 * DAY)
    assert db.session.get(Batch, submission.batch_id) is not None
    db.session.rollback()
    _end(second, 9)
    lifecycle.purge(10, keep_seconds=7 * DAY)

    assert db.session.get(Batch, submission.batch_id) is None


def test_two_that_purge_at_once_share_the_work_and_leave_no_empty_batch(either_app: Flask) -> None:
    submission = lifecycle.submit([Draft(url="https://target.example/")] * 40, batch_name="b")
    for change in submission.changes:
        lifecycle.cancel(change.id)

    def purge() -> int:
        return sum(lifecycle.purge(5, keep_seconds=0) for _ in range(8))

    first, second = at_once(either_app, purge, purge)
    while rest := lifecycle.purge(5, keep_seconds=0):
        first += rest

    assert first + second == 40
    for table in (Scan, Batch):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_a_scan_that_somebody_holds_goes_with_a_later_step(either_app: Flask) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time: nobody holds a scan while another purges")
    scan_id = an_ended_scan(9)
    with transaction() as connection:
        connection.execute(text("SELECT id FROM scan FOR UPDATE"))
        assert lifecycle.purge(10, keep_seconds=7 * DAY) == 0

    assert lifecycle.purge(10, keep_seconds=7 * DAY) == 1
    assert not left(scan_id)
