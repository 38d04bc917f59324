"""How long the scheduler may rest, on both databases."""

import pytest

from tests.factories import UNAVAILABLE, a_claim, a_scan, settle
from webapp.scans import lifecycle

pytestmark = pytest.mark.usefixtures("either_app")


def test_with_nothing_to_come_the_limit_is_the_answer() -> None:
    assert lifecycle.seconds_to_next(3.5) == 3.5


def test_a_scan_that_waits_says_how_long() -> None:
    settle(a_claim(a_scan(initial_interval=600)), UNAVAILABLE)

    assert 400 < lifecycle.seconds_to_next(3600) <= 800
    assert lifecycle.seconds_to_next(1) == 1


def test_a_lease_that_ends_sooner_comes_first() -> None:
    settle(a_claim(a_scan(initial_interval=600)), UNAVAILABLE)
    a_claim(a_scan(), lease_seconds=20)

    assert 10 < lifecycle.seconds_to_next(3600) <= 20


def test_what_is_due_or_lost_already_leaves_no_time() -> None:
    lifecycle.forget_sent([a_scan()])
    assert lifecycle.seconds_to_next(60) == 0

    lifecycle.take_due(10)
    a_claim(a_scan(), lease_seconds=-5)
    assert lifecycle.seconds_to_next(60) == 0


def test_a_scan_whose_wake_up_was_sent_is_not_waited_for() -> None:
    a_scan()

    assert lifecycle.seconds_to_next(60) == 60
