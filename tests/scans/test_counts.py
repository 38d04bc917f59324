"""Counts by state are what count(*) says, whatever happens to scans, however many at once, whoever is killed."""

import random
import signal
import threading
import uuid

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from tests.factories import GOOD, HOPELESS, UNAVAILABLE, a_claim, a_scan, row, settle
from tests.process import PYTHON, Process
from tests.stack import environment
from webapp.database import db, transaction
from webapp.migrate import upgrade
from webapp.scans import lifecycle
from webapp.scans.counts import count_by_state, fold_counts
from webapp.scans.derived import ScanCount, ScanCountChange
from webapp.scans.draft import Draft
from webapp.scans.models import Batch, Scan
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import State


def a_batch(scans: int = 3, **policy: float) -> tuple[uuid.UUID, list[uuid.UUID]]:
    draft = Draft(url="https://target.example/", policy=RetryPolicy(**policy))  # type: ignore[arg-type]
    submission = lifecycle.submit([draft] * scans, batch_name="counted")
    assert submission.batch_id is not None
    return submission.batch_id, [change.id for change in submission.changes]


def counted(batch_id: uuid.UUID | None) -> dict[State, int]:
    """The slow and simple way."""
    db.session.rollback()
    statement = select(Scan.state, func.count()).group_by(Scan.state)
    rows = db.session.execute(statement.where(Scan.batch_id == batch_id) if batch_id else statement)
    found = {state: count for state, count in rows}
    return {state: found.get(state, 0) for state in State}


def assert_exact() -> None:
    for batch_id in (None, *db.session.scalars(select(Batch.id))):
        assert count_by_state(batch_id) == counted(batch_id)


def fold_all() -> None:
    while fold_counts(7):
        pass


def go_every_way() -> None:
    """Each way of the life cycle, once."""
    batch_id, ids = a_batch(8)
    settle(a_claim(ids[0]), GOOD)
    settle(a_claim(ids[1]), UNAVAILABLE)
    lifecycle.retry_now(ids[1])
    settle(a_claim(ids[2]), HOPELESS)
    lifecycle.cancel(ids[3])
    a_claim(ids[4], lease_seconds=-1)
    lifecycle.rescue(10, max_crashes=5, patience=5, lease_seconds=10)
    a_claim(ids[5], lease_seconds=-1)
    lifecycle.rescue(10, max_crashes=1, patience=5, lease_seconds=10)
    lifecycle.hand_back(a_claim(ids[6]))
    a_claim(a_scan())
    a_batch(2, deadline=-1)
    lifecycle.expire(10)
    lifecycle.purge(1, keep_seconds=0)


def test_each_way_of_a_scan_is_counted_at_once_and_after_folding(either_app: Flask) -> None:
    go_every_way()
    assert_exact()
    assert sum(count_by_state().values()) == 10

    fold_all()

    assert_exact()
    assert db.session.scalar(select(func.count()).select_from(ScanCountChange)) == 0


def test_a_change_that_is_rolled_back_is_not_counted(either_app: Flask) -> None:
    a_scan()
    with pytest.raises(RuntimeError), transaction() as connection:
        connection.execute(text("UPDATE scan SET state = 'failed'"))
        raise RuntimeError

    assert_exact()


def test_a_change_that_is_made_by_hand_is_counted(either_app: Flask) -> None:
    go_every_way()
    with transaction() as connection:
        connection.execute(text("UPDATE scan SET state = 'failed', finished_at = created_at"))

    assert_exact()


def test_counts_stay_exact_while_many_change_fold_and_purge_at_once(either_app: Flask) -> None:
    batches = [a_batch(12, initial_interval=0) for _ in range(3)]
    barrier = threading.Barrier(8)
    unharmed: list[int] = []

    def change(seed: int) -> None:
        dice = random.Random(seed)
        with either_app.app_context():
            barrier.wait(10)
            for _ in range(25):
                _, ids = dice.choice(batches)
                move(dice, dice.choice(ids))
            unharmed.append(seed)

    threads = [threading.Thread(target=change, args=[seed]) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(unharmed) == list(range(8))
    assert_exact()
    fold_all()
    assert_exact()


def move(dice: random.Random, scan_id: uuid.UUID) -> None:
    """Something that somebody might do to this scan just now; most of it comes too late."""
    way = dice.randrange(8)
    if way == 0:
        fold_counts(dice.randrange(1, 20))
    elif way == 1:
        lifecycle.purge(2, keep_seconds=0)
    elif way == 2:
        lifecycle.rescue(5, max_crashes=3, patience=5, lease_seconds=10)
    else:
        attempt = db.session.scalar(select(Scan.attempt).where(Scan.id == scan_id)) or 0
        db.session.rollback()
        claim = lifecycle.start(scan_id, attempt + 1, worker="w", lease_seconds=-1 if way == 3 else 10)
        if claim is not None and way != 3:
            settle(claim, dice.choice([GOOD, UNAVAILABLE, UNAVAILABLE, HOPELESS]))


def test_counts_stay_exact_when_who_changes_and_who_folds_are_killed(either_app: Flask) -> None:
    settings = either_app.extensions["tilldone.settings"]
    processes = [Process([PYTHON, "-m", "tests.scans.counting_entry"], environment(settings)) for _ in range(3)]
    try:
        for process in processes:
            process.wait_for("round 15", 60)
    finally:
        for process in processes:
            process.signal_group(signal.SIGKILL)
            process.wait()
        end_their_statements()

    assert sum(count_by_state().values()) > 100
    assert_exact()
    fold_all()
    assert_exact()


def end_their_statements() -> None:
    """PostgreSQL goes on with what a killed client had asked for."""
    if db.engine.dialect.name == "postgresql":
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        with db.engine.connect() as connection:
            connection.execute(text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}"))


def test_a_database_that_lost_its_triggers_is_counted_anew(either_app: Flask) -> None:
    go_every_way()
    name = "scan_changed ON scan" if db.engine.dialect.name == "postgresql" else "scan_moved"
    with transaction() as connection:
        connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text("UPDATE scan SET state = 'failed', finished_at = created_at"))

    upgrade(either_app)

    assert_exact()


def test_a_purged_batch_leaves_no_counts_behind(either_app: Flask) -> None:
    batch_id, ids = a_batch(2)
    for scan_id in ids:
        lifecycle.cancel(scan_id)
    a_scan()
    fold_all()

    lifecycle.purge(10, keep_seconds=0)
    fold_all()

    assert db.session.scalars(select(ScanCount.scope).where(ScanCount.scope == batch_id)).all() == []
    assert db.session.get(Batch, batch_id) is None


def test_the_counts_of_a_state_that_a_scan_left_are_gone(either_app: Flask) -> None:
    scan_id = a_scan()
    lifecycle.cancel(scan_id)
    fold_all()

    assert count_by_state() == {state: int(state is State.CANCELED) for state in State}
    assert row(scan_id).state is State.CANCELED
