"""Scans that wait in line for their host, on both databases."""

import uuid

import pytest
from flask import Flask

from tests.factories import UNAVAILABLE, a_claim, a_scan, asked, row, settle
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.scans.draft import Draft
from webapp.scans.host_limits import HostLimits
from webapp.scans.lifecycle import Line
from webapp.scans.states import HoldReason, State, Trigger

HOST = "target.example"

pytestmark = pytest.mark.usefixtures("either_app")


def hold(scan_id: uuid.UUID, attempt: int = 1, *, seconds: float | None = None) -> Change:
    change = lifecycle.hold(scan_id, attempt, shut=None if seconds is None else asked(seconds))
    assert change is not None, "it was not there to be held"
    return change


def batch_of(count: int, host: str = HOST) -> list[uuid.UUID]:
    drafts = [Draft(f"https://{host}/{n}") for n in range(count)]
    ids = [change.id for change in lifecycle.submit(drafts, batch_name="").changes]
    for scan_id in ids:
        hold(scan_id)
    return ids


def take(line: Line, count: int) -> list[uuid.UUID]:
    return [wake_up.scan_id for wake_up in lifecycle.take_from_lines([(line, count)])]


def test_a_scan_in_line_holds_no_attempt_and_no_message() -> None:
    scan_id = a_scan()

    change = hold(scan_id)

    scan = row(scan_id)
    assert (scan.state, scan.attempt, scan.sent_at) == (State.QUEUED, 0, None)
    assert change.held_since == scan.held_since is not None and change.revision == 2
    assert lifecycle.take_due(10) == [] and lifecycle.take_unclaimed(10, patience=-1) == []


def test_it_says_until_when_its_host_is_asked_nothing() -> None:
    change = hold(a_scan(), seconds=90)

    assert change.held_since is not None and change.held_until is not None and change.held_why is HoldReason.ASKED
    assert (change.held_until - change.held_since).total_seconds() == pytest.approx(90, abs=0.1)


def test_who_comes_again_keeps_the_place_in_line() -> None:
    scan_id = a_scan()
    first = hold(scan_id, seconds=90)

    again = hold(scan_id)

    assert again.held_since == first.held_since and again.due_at == first.due_at and again.held_until is None


def test_the_claim_ends_the_wait() -> None:
    scan_id = a_scan()
    hold(scan_id, seconds=90)

    change = a_claim(scan_id).change

    assert (change.state, change.attempt, change.held_since, change.held_until) == (State.RUNNING, 1, None, None)


def test_a_running_scan_is_not_put_in_line() -> None:
    claim = a_claim(a_scan())

    assert lifecycle.hold(claim.scan_id, 1, shut=None) is None
    assert lifecycle.hold(claim.scan_id, 2, shut=None) is None


def test_who_waits_in_line_is_ended_by_the_deadline_and_by_a_person() -> None:
    late, unwanted = a_scan(deadline=-1), a_scan()
    hold(late, seconds=90)
    hold(unwanted)

    [expired] = lifecycle.expire(10)
    canceled = lifecycle.cancel(unwanted)

    assert expired.error == "Gave up: the deadline came while the scan waited for its host."
    assert (expired.id, expired.state, canceled.state) == (late, State.TIMED_OUT, State.CANCELED)
    assert {change.held_since for change in (expired, canceled)} == {None}
    assert lifecycle.list_lines() == []


def test_each_batch_has_a_line_at_each_host_and_those_submitted_alone_have_one() -> None:
    alone = a_scan()
    hold(alone)
    first, second = batch_of(3), batch_of(2)
    batch_of(1, "other.example")
    a_scan()

    lines = lifecycle.list_lines()

    batches = [row(ids[0]).batch_id for ids in (first, second)]
    assert [(line.host, line.batch_id, line.waiting) for line in lines[1:]] == [
        (HOST, None, 1),
        (HOST, batches[0], 3),
        (HOST, batches[1], 2),
    ]
    assert (lines[0].host, lines[0].waiting) == ("other.example", 1)


def test_those_go_first_who_have_been_due_for_longest() -> None:
    settle(a_claim(later := a_scan(initial_interval=0)), UNAVAILABLE)
    first = a_scan()
    hold(first)
    hold(later, 2)
    [line] = lifecycle.list_lines()

    assert take(line, 1) == [later]
    assert take(line, 5) == [first]
    assert take(line, 5) == [] and lifecycle.list_lines() == []


def test_who_was_taken_from_the_line_is_known_by_it() -> None:
    scan_id = a_scan()
    fresh = lifecycle.find_candidate(scan_id, 1)
    hold(scan_id)
    take(lifecycle.list_lines()[0], 1)

    candidate = lifecycle.find_candidate(scan_id, 1)

    assert fresh is not None and not fresh.is_from_line
    assert candidate is not None and candidate.is_from_line and candidate.host == HOST


def test_a_wake_up_that_could_not_be_sent_leaves_the_scan_in_line() -> None:
    scan_id = a_scan()
    hold(scan_id)
    take(lifecycle.list_lines()[0], 1)

    lifecycle.forget_sent([scan_id])

    assert lifecycle.take_due(10) == []
    assert take(lifecycle.list_lines()[0], 1) == [scan_id]


def test_a_scan_that_was_cut_off_goes_before_those_that_came_with_it() -> None:
    ids = batch_of(2)
    claim = a_claim(ids[1])
    assert lifecycle.hand_back(claim)

    hold(ids[1], 2)

    assert row(ids[1]).trigger is Trigger.REDELIVERED
    assert row(ids[1]).due_at == row(ids[0]).due_at


def test_rows_are_told_of_a_pause_once_in_steps_and_of_its_end() -> None:
    batch_of(3)
    hold(a_scan(), seconds=90)

    steps = [lifecycle.tell_hold(HOST, shut=asked(90), limit=2) for _ in range(3)]
    assert [len(step) for step in steps] == [2, 1, 0]
    assert all(change.held_until is not None for change in steps[0])

    ended = lifecycle.tell_hold(HOST, shut=None, limit=10)
    assert [change.held_until for change in ended] == [None] * 4
    assert lifecycle.tell_hold(HOST, shut=None, limit=10) == []


@pytest.mark.parametrize("number", [0, 2])
def test_there_is_no_candidate_for_an_attempt_that_is_not_the_next(number: int) -> None:
    assert lifecycle.find_candidate(a_scan(), number) is None


def test_there_is_no_candidate_in_a_scan_that_is_not_due_or_over(either_app: Flask) -> None:
    settle(a_claim(waiting := a_scan(initial_interval=30)), UNAVAILABLE)

    assert lifecycle.find_candidate(waiting, 2) is None
    assert lifecycle.find_candidate(a_scan(deadline=-1), 1) is None


def test_of_a_batch_all_but_the_first_at_each_host_stand_in_line_from_the_start() -> None:
    drafts = [Draft(f"https://{host}/") for host in ("a.example", "b.example", "a.example", "a.example")]

    submission = lifecycle.submit(drafts, batch_name="", host_limits=HostLimits(1, 0.5), at_once=1)

    first, other, *held = [change.id for change in submission.changes]
    assert [wake_up.scan_id for wake_up in submission.wake_ups] == [first, other]
    assert [change.held_since == row(change.id).held_since for change in submission.changes] == [True] * 4
    [line] = lifecycle.list_lines()
    assert (line.host, line.waiting, line.own_limits) == ("a.example", 2, HostLimits(1, 0.5))
    assert take(line, 2) == held
