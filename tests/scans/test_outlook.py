"""What the scheduler learns when it looks ahead, on both databases."""

import pytest

from tests.factories import GOOD, UNAVAILABLE, a_claim, a_scan, settle
from webapp.scans import lifecycle

pytestmark = pytest.mark.usefixtures("either_app")


def test_with_no_scans_there_is_nothing_to_come() -> None:
    outlook = lifecycle.look_ahead()

    assert set(outlook[1:-2]) == {None} and not any(outlook[-2:])
    assert outlook.seconds_until(None) == float("inf")


def test_a_scan_that_waits_for_long_says_when_it_is_due() -> None:
    settle(a_claim(a_scan(initial_interval=600)), UNAVAILABLE)

    outlook = lifecycle.look_ahead()

    assert 590 < outlook.seconds_until(outlook.due_at) <= 600
    assert not outlook.has_come(outlook.due_at)


def test_the_earliest_of_each_comes_first() -> None:
    for seconds in (20, 10, 30):
        a_claim(a_scan(deadline=seconds * 10), lease_seconds=seconds)

    outlook = lifecycle.look_ahead()

    assert 5 < outlook.seconds_until(outlook.lease_until) <= 10
    assert 95 < outlook.seconds_until(outlook.deadline_at) <= 100


def test_what_is_past_has_come() -> None:
    lifecycle.forget_sent([a_scan(deadline=-1)])
    a_scan()
    a_claim(a_scan(), lease_seconds=-5)
    lifecycle.hold(a_scan(), 1, shut=None)
    settle(a_claim(a_scan()), GOOD)

    outlook = lifecycle.look_ahead()

    assert all(outlook.has_come(moment) for moment in outlook[1:-2])


def test_a_scan_whose_wake_up_was_sent_is_not_to_be_woken() -> None:
    a_scan()

    outlook = lifecycle.look_ahead()

    assert outlook.due_at is None
    assert outlook.has_come(outlook.sent_at)


def test_a_scan_in_line_is_not_to_be_woken_as_those_that_are_due() -> None:
    lifecycle.hold(a_scan(), 1, shut=None)

    outlook = lifecycle.look_ahead()

    assert outlook.due_at is None and outlook.sent_at is None
    assert outlook.has_come(outlook.held_since)
