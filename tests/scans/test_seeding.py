"""Made-up scans are such as the life cycle would have left them, and are counted, found and purged as any other."""

import random
import uuid

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from tests.stack import environment
from webapp.cli.seed import seed as command
from webapp.database import db
from webapp.scans import lifecycle, queries
from webapp.scans.counts import count_by_state
from webapp.scans.derived import SearchText
from webapp.scans.filters import Filter
from webapp.scans.models import Attempt, Batch, Scan
from webapp.scans.search import search
from webapp.scans.seeding import seed
from webapp.scans.states import State

SCANS = 300


@pytest.fixture
def seeded(either_app: Flask) -> list[Scan]:
    seed(SCANS)
    return list(db.session.scalars(select(Scan).order_by(Scan.id)))


def test_each_stands_where_the_life_cycle_could_have_left_it(seeded: list[Scan]) -> None:
    assert len(seeded) == SCANS
    for scan in seeded:
        assert (scan.due_at is not None) == (scan.state is State.WAITING)
        assert (scan.finished_at is not None) == scan.state.is_terminal
        assert (scan.error is None) == (scan.state is State.SUCCEEDED)
        assert scan.sent_at is None and scan.lease_until is None
        attempts = queries.get_attempts(scan.id)
        assert [attempt.number for attempt in attempts] == list(range(1, scan.attempt + 1))
        assert attempts[-1].finished_at <= queries.server_time()
        assert abs((queries.created_at(scan.id) - scan.created_at).total_seconds()) < 0.01
    average = (db.session.scalar(select(func.count()).select_from(Attempt)) or 0) / SCANS
    assert 3 < average < 7


def test_they_are_counted_and_found(seeded: list[Scan]) -> None:
    counts = count_by_state()
    assert sum(counts.values()) == SCANS
    assert counts[State.SUCCEEDED] == sum(scan.state is State.SUCCEEDED for scan in seeded)
    for batch in db.session.scalars(select(Batch)):
        assert sum(count_by_state(batch.id).values()) == batch.total
    assert db.session.scalar(select(func.count()).select_from(SearchText)) == SCANS
    scan = random.Random(1).choice(seeded)
    assert scan.id in {match.id for match in search(Filter(text=scan.url[-7:]), limit=10).matches}


def test_they_can_be_purged(seeded: list[Scan]) -> None:
    while lifecycle.purge(100, keep_seconds=0):
        pass
    db.session.rollback()

    assert sum(count_by_state().values()) == count_by_state()[State.WAITING] > 0


def test_the_command_fills_an_empty_database_and_adds_to_none_unasked(either_app: Flask) -> None:
    env = environment(either_app.extensions["tilldone.settings"])

    filled = CliRunner().invoke(command, ["30"], env=env)
    refused = CliRunner().invoke(command, ["30"], env=env, standalone_mode=True)
    added = CliRunner().invoke(command, ["30", "--add"], env=env)

    assert filled.exit_code == 0 and "30 scans in" in filled.output
    assert refused.exit_code != 0 and "--add" in refused.output
    assert added.exit_code == 0
    assert sum(count_by_state().values()) == 60


def test_the_ids_are_those_of_their_time(seeded: list[Scan]) -> None:
    ids: list[uuid.UUID] = [scan.id for scan in seeded]

    assert ids == sorted(ids) and {scan_id.version for scan_id in ids} == {7}
    assert [scan.created_at for scan in seeded] == sorted(scan.created_at for scan in seeded)
