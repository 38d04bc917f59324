"""Another policy for a scan that no worker holds, on both databases."""

import datetime as dt
import uuid
from typing import Any

import pytest
from sqlalchemy import update

from tests.factories import GOOD, UNAVAILABLE, URL, a_claim, a_scan, asked, row, settle
from webapp.database import now, transaction
from webapp.scans import lifecycle, queries
from webapp.scans.errors import ChangedMeanwhile, InvalidField, NotAllowedNow, ScanNotFound
from webapp.scans.exchange import Exchange
from webapp.scans.models import Scan
from webapp.scans.retry_policy import Backoff, Jitter
from webapp.scans.states import State

pytestmark = pytest.mark.usefixtures("either_app")


def a_waiting_scan(**policy: Any) -> uuid.UUID:
    scan_id = a_scan(**policy)
    settle(a_claim(scan_id), UNAVAILABLE)
    return scan_id


def seconds_until(moment: dt.datetime | None) -> float:
    assert moment is not None
    return (moment - queries.server_time()).total_seconds()


def aged(scan_id: uuid.UUID, seconds: float) -> None:
    """As if it had been submitted so much earlier."""
    with transaction() as connection:
        statement = update(Scan).where(Scan.id == scan_id)
        connection.execute(statement.values(created_at=now(-seconds), deadline_at=now(3600 - seconds)))


def test_limits_move_and_the_next_attempt_stays_where_it_was() -> None:
    scan_id = a_waiting_scan(initial_interval=300)
    before = row(scan_id)
    due_at, created_at, sent_at = before.due_at, before.created_at, before.sent_at

    change = lifecycle.change_policy(scan_id, {"max_attempts": 5, "deadline": "2h"})

    after = row(scan_id)
    assert (after.policy.max_attempts, after.policy.deadline, after.policy.initial_interval) == (5, 7200, 300)
    assert after.deadline_at == created_at + dt.timedelta(hours=2)
    assert (after.due_at, after.sent_at, after.state) == (due_at, sent_at, State.WAITING)
    assert change.revision == after.revision == 4 and change.max_attempts == 5


@pytest.mark.parametrize(
    ("changes", "wait"),
    [
        ({"initial_interval": "20m"}, 1200),
        ({"initial_interval": "1m"}, 60),
        ({"schedule": "2m, 5m"}, 120),
        ({"backoff": "linear", "initial_interval": 90}, 90),
        ({"initial_interval": 0}, 0),
    ],
)
def test_another_wait_moves_the_next_attempt_counted_from_the_last_one(changes: dict[str, Any], wait: float) -> None:
    scan_id = a_waiting_scan(initial_interval=300)

    lifecycle.change_policy(scan_id, changes)

    after = row(scan_id)
    assert seconds_until(after.due_at) == pytest.approx(wait, abs=2)
    # The scheduler sends it: a wake-up that is on its way comes at the wrong time.
    assert after.sent_at is None


def test_what_the_server_asked_for_still_counts() -> None:
    scan_id = a_scan(initial_interval=300)
    settle(a_claim(scan_id), Exchange(URL, 503, headers=(("Retry-After", "600"),)))

    lifecycle.change_policy(scan_id, {"initial_interval": "1m"})
    asked = seconds_until(row(scan_id).due_at)
    lifecycle.change_policy(scan_id, {"respect_retry_after": False})

    assert asked == pytest.approx(600, abs=2)
    assert seconds_until(row(scan_id).due_at) == pytest.approx(60, abs=2)


def test_a_moved_attempt_can_be_claimed_then_and_not_before() -> None:
    scan_id = a_waiting_scan(initial_interval=300)

    lifecycle.change_policy(scan_id, {"initial_interval": "10m"})
    assert lifecycle.start(scan_id, 2, worker="w1", lease_seconds=10) is None
    lifecycle.change_policy(scan_id, {"initial_interval": 0})

    assert [wake_up.scan_id for wake_up in lifecycle.take_due(10)] == [scan_id]
    assert a_claim(scan_id, 2).policy.initial_interval == 0


def test_a_queued_scan_can_be_changed_and_stays_due() -> None:
    scan_id = a_scan()

    lifecycle.change_policy(scan_id, {"initial_interval": "10m", "attempt_timeout": "5s"})

    scan = row(scan_id)
    assert scan.state is State.QUEUED and scan.sent_at is not None
    assert a_claim(scan_id).policy.attempt_timeout == 5


def test_a_scan_in_line_for_its_host_keeps_its_place() -> None:
    scan_id = a_waiting_scan(initial_interval=0)
    lifecycle.hold(scan_id, 2, shut=asked(600))
    before = row(scan_id)
    place = before.due_at, before.held_since

    lifecycle.change_policy(scan_id, {"initial_interval": "10m"})

    after = row(scan_id)
    assert (after.due_at, after.held_since) == place


def test_who_changes_how_waits_grow_need_not_take_back_the_way_before() -> None:
    scan_id = a_waiting_scan(backoff=Backoff.SCHEDULE, schedule=(300.0, 600.0))

    lifecycle.change_policy(scan_id, {"backoff": "fixed", "initial_interval": "1m"})
    fixed = row(scan_id).policy
    lifecycle.change_policy(scan_id, {"jitter": "decorrelated"})

    assert (fixed.backoff, fixed.schedule) == (Backoff.FIXED, ())
    assert (row(scan_id).policy.backoff, row(scan_id).policy.jitter) == (Backoff.EXPONENTIAL, Jitter.DECORRELATED)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"max_attempts": 1}, "max_attempts", "1 leaves nothing to try: 1 were made"),
        ({"deadline": "10m"}, "deadline", "would be over already"),
        ({"deadline": "21m"}, "deadline", "would be over before the next attempt, which comes in 5m"),
        ({"initial_interval": "2h"}, "deadline", "would be over before the next attempt"),
        ({"deadline": "soon"}, "deadline", "is not a duration"),
        ({"retry_on": "sometimes"}, "retry_on", "is not known"),
    ],
)
def test_what_leaves_nothing_to_try_is_refused(changes: dict[str, Any], field: str, words: str) -> None:
    scan_id = a_waiting_scan(initial_interval=300)
    aged(scan_id, 20 * 60)

    with pytest.raises(InvalidField) as error:
        lifecycle.change_policy(scan_id, changes)

    assert error.value.field == field and words in error.value.problem and error.value.cure
    assert row(scan_id).revision == 3


def test_only_an_idle_scan_can_be_changed_and_only_what_was_looked_at() -> None:
    running, ended, idle = a_scan(), a_scan(), a_scan()
    a_claim(running)
    settle(a_claim(ended), GOOD)
    looked_at = row(idle).policy.fingerprint

    for scan_id, state in ((running, State.RUNNING), (ended, State.SUCCEEDED)):
        with pytest.raises(NotAllowedNow) as refused:
            lifecycle.change_policy(scan_id, {"max_attempts": 5})
        assert refused.value.state == state
    with pytest.raises(ScanNotFound):
        lifecycle.change_policy(uuid.uuid4(), {})
    lifecycle.change_policy(idle, {"max_attempts": 5}, revision=1, based_on=looked_at)
    for base in ({"revision": 1}, {"based_on": looked_at}):
        with pytest.raises(ChangedMeanwhile):
            lifecycle.change_policy(idle, {"max_attempts": 6}, **base)  # type: ignore[arg-type]
    assert row(idle).policy.max_attempts == 5


def test_a_preview_changes_nothing() -> None:
    scan_id = a_waiting_scan(initial_interval=300)

    policy, due_at = lifecycle.preview_policy(scan_id, {"initial_interval": "10m"})

    assert policy.initial_interval == 600 and seconds_until(due_at) == pytest.approx(600, abs=2)
    assert row(scan_id).revision == 3 and row(scan_id).policy.initial_interval == 300
