"""All that wait, tried now: in steps, each scan once, on both databases."""

import uuid

import pytest

from tests.factories import UNAVAILABLE, a_claim, a_scan, asked, row, settle
from webapp.scans import lifecycle, waiting
from webapp.scans.draft import Draft
from webapp.scans.filters import Filter
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import State, Trigger
from webapp.scans.waiting import count_waiting, waiting_ids

pytestmark = pytest.mark.usefixtures("either_app")


def a_waiting_batch(count: int, *, host: str = "target.example") -> tuple[uuid.UUID, list[uuid.UUID]]:
    policy = RetryPolicy(initial_interval=300)
    drafts = [Draft(f"https://{host}/{number}", policy=policy) for number in range(count)]
    submission = lifecycle.submit(drafts, batch_name="")
    ids = [change.id for change in submission.changes]
    for scan_id in ids:
        settle(a_claim(scan_id), UNAVAILABLE)
    assert submission.batch_id is not None
    return submission.batch_id, ids


def test_those_that_wait_are_due_now_and_the_scheduler_wakes_them() -> None:
    _, ids = a_waiting_batch(3)

    changes = lifecycle.retry_all(ids, at_once=None)

    assert {change.id for change in changes} == set(ids)
    scan = row(ids[0])
    assert (scan.state, scan.trigger, scan.sent_at, scan.revision) == (State.QUEUED, Trigger.BULK_RETRY, None, 4)
    assert {wake_up.scan_id for wake_up in lifecycle.take_due(10)} == set(ids)
    assert a_claim(ids[0], 2).trigger is Trigger.BULK_RETRY


def test_who_does_not_wait_for_its_time_is_left_alone() -> None:
    queued, running, held = a_scan(), a_scan(), a_scan(initial_interval=0)
    a_claim(running)
    settle(a_claim(held), UNAVAILABLE)
    lifecycle.hold(held, 2, shut=asked(60))

    assert lifecycle.retry_all([queued, running, held], at_once=None) == []


def test_of_one_host_no_more_are_woken_than_may_start() -> None:
    _, ids = a_waiting_batch(5)
    _, elsewhere = a_waiting_batch(1, host="other.example")

    lifecycle.retry_all([*ids, *elsewhere], at_once=2)

    assert sum(row(scan_id).held_since is not None for scan_id in ids) == 3
    assert row(elsewhere[0]).held_since is None


def test_a_batch_or_a_search_is_gone_through_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "STEP", 2)
    batch_id, ids = a_waiting_batch(5)
    _, others = a_waiting_batch(3, host="other.example")

    steps = list(waiting_ids(Filter(batch_id=batch_id)))

    assert [len(step) for step in steps] == [2, 2, 1]
    assert {scan_id for step in steps for scan_id in step} == set(ids)
    found = [scan_id for step in waiting_ids(Filter(text="OTHER.example")) for scan_id in step]
    assert sorted(found) == sorted(others)
    assert [count_waiting(which).value for which in (Filter(), Filter(batch_id=batch_id), Filter(text="other."))] == [
        8, 5, 3,
    ]  # fmt: skip


def test_there_is_a_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST", 3)
    a_waiting_batch(5)

    assert sum(len(step) for step in waiting_ids(Filter())) == 3
    assert str(count_waiting(Filter())) == str(count_waiting(Filter(text="target"))) == "3+"
