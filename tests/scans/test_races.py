"""Two hands on one scan: one wins, the other returns quietly, and nothing is written twice."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.factories import GOOD, UNAVAILABLE, a_claim, a_scan, row, settle
from webapp.database import transaction
from webapp.scans import lifecycle, queries
from webapp.scans.errors import NotAllowedNow
from webapp.scans.states import Outcome, State


def at_once(app: Flask, *calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads that start together; returns what each returned or raised, in their order."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        with app.app_context():
            barrier.wait(10)
            try:
                results[index] = call()
            except NotAllowedNow as error:
                results[index] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_of_many_workers_exactly_one_gets_the_claim(either_app: Flask) -> None:
    scan_id = a_scan()

    def claim() -> Any:
        return lifecycle.start(scan_id, 1, worker="w", lease_seconds=10)

    claims = at_once(either_app, *[claim] * 8)

    assert sum(found is not None for found in claims) == 1
    assert row(scan_id).token == 1


def test_a_doubled_wake_up_finds_nothing_to_do(either_app: Flask) -> None:
    scan_id = a_scan()
    a_claim(scan_id)

    assert lifecycle.start(scan_id, 1, worker="w2", lease_seconds=10) is None


def test_a_wake_up_for_an_attempt_that_is_over_is_stale(either_app: Flask) -> None:
    scan_id = a_scan(initial_interval=0)
    settle(a_claim(scan_id), UNAVAILABLE)

    assert lifecycle.start(scan_id, 1, worker="w2", lease_seconds=10) is None
    assert lifecycle.start(scan_id, 3, worker="w2", lease_seconds=10) is None


def test_a_wake_up_before_its_time_finds_nothing_to_do(either_app: Flask) -> None:
    scan_id = a_scan(initial_interval=15)
    settle(a_claim(scan_id), UNAVAILABLE)

    assert lifecycle.start(scan_id, 2, worker="w2", lease_seconds=10) is None


def test_a_late_attempt_cannot_overwrite_the_one_that_took_its_place(either_app: Flask) -> None:
    scan_id = a_scan()
    frozen = a_claim(scan_id, lease_seconds=-1)
    lifecycle.rescue(10, max_crashes=5, patience=5, lease_seconds=10)
    settle(a_claim(scan_id, 2, worker="w2"), GOOD)
    before = row(scan_id).revision

    assert settle(frozen, UNAVAILABLE) is None

    assert (row(scan_id).state, row(scan_id).revision) == (State.SUCCEEDED, before)
    assert [a.outcome for a in queries.get_attempts(scan_id)] == [Outcome.INTERRUPTED, Outcome.SUCCEEDED]


def test_a_late_attempt_is_fenced_off_even_while_its_scan_is_queued_again(either_app: Flask) -> None:
    scan_id = a_scan()
    frozen = a_claim(scan_id, lease_seconds=-1)
    lifecycle.rescue(10, max_crashes=5, patience=5, lease_seconds=10)

    assert settle(frozen, GOOD) is None
    assert row(scan_id).state is State.QUEUED


def test_a_canceled_scan_keeps_nothing_of_the_attempt_that_was_running(either_app: Flask) -> None:
    scan_id = a_scan()
    claim = a_claim(scan_id)

    lifecycle.cancel(scan_id)

    assert settle(claim, GOOD) is None
    assert row(scan_id).state is State.CANCELED
    assert queries.get_answer(scan_id) is None


@pytest.mark.parametrize("_", range(10))
def test_cancel_and_the_end_of_the_attempt_at_once_leave_one_terminal_state(either_app: Flask, _: int) -> None:
    scan_id = a_scan()
    claim = a_claim(scan_id)

    canceled, settled = at_once(either_app, lambda: lifecycle.cancel(scan_id), lambda: settle(claim, GOOD))

    scan = row(scan_id)
    assert scan.revision == 3
    [attempt] = queries.get_attempts(scan_id)
    if scan.state is State.CANCELED:
        assert settled is None and attempt.outcome is Outcome.CANCELED
    else:
        assert isinstance(canceled, NotAllowedNow) and attempt.outcome is Outcome.SUCCEEDED


def test_retry_now_twice_at_once_makes_one_attempt_due(either_app: Flask) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), UNAVAILABLE)

    results = at_once(either_app, *[lambda: lifecycle.retry_now(scan_id)] * 4)

    assert sum(not isinstance(result, NotAllowedNow) for result in results) == 1
    assert row(scan_id).revision == 4


def test_retry_now_makes_the_older_wake_up_stale_once_it_was_claimed(either_app: Flask) -> None:
    scan_id = a_scan(initial_interval=0)
    settle(a_claim(scan_id), UNAVAILABLE)
    lifecycle.retry_now(scan_id)
    settle(a_claim(scan_id, 2), UNAVAILABLE)

    assert lifecycle.start(scan_id, 2, worker="old countdown", lease_seconds=10) is None


def test_two_schedulers_rescue_each_scan_once(either_app: Flask) -> None:
    ids = [a_scan() for _ in range(20)]
    for scan_id in ids:
        a_claim(scan_id, lease_seconds=-1)

    def rescue() -> list[Any]:
        return [change.id for change in lifecycle.rescue(100, max_crashes=5, patience=5, lease_seconds=10)]

    first, second = at_once(either_app, rescue, rescue)

    assert sorted(first + second) == sorted(ids)
    assert all(len(queries.get_attempts(scan_id)) == 1 for scan_id in ids)


def test_two_schedulers_wake_each_scan_once(either_app: Flask) -> None:
    ids = [a_scan() for _ in range(50)]
    lifecycle.forget_sent(ids)

    first, second = at_once(either_app, lambda: lifecycle.take_due(100), lambda: lifecycle.take_due(100))

    assert sorted(wake_up.scan_id for wake_up in first + second) == sorted(ids)


def test_leases_that_ran_out_while_nobody_could_write_are_not_taken(app: Flask) -> None:
    claim = a_claim(a_scan(), lease_seconds=-1)
    told: list[str] = []

    def rescue() -> None:
        with app.app_context():
            try:
                lifecycle.rescue(10, max_crashes=5, patience=0.05, lease_seconds=10)
            except lifecycle.WritersWaited:
                told.append("writers waited")

    with transaction():
        rescuing = threading.Thread(target=rescue)
        rescuing.start()
        rescuing.join(0.3)
    rescuing.join(10)

    assert told == ["writers waited"]
    assert lifecycle.renew([claim], lease_seconds=10) == [claim]


def test_only_the_attempt_of_the_lost_worker_is_interrupted(either_app: Flask) -> None:
    claim = a_claim(a_scan(), worker="w1")

    assert lifecycle.interrupt(claim.scan_id, 1, worker="w2", max_crashes=5) is None
    assert lifecycle.interrupt(claim.scan_id, 1, worker="w1", max_crashes=5) is not None


@pytest.mark.parametrize("kept", [True, False])
def test_a_renewed_lease_is_not_rescued_and_a_lost_one_is_told(either_app: Flask, kept: bool) -> None:
    scan_id = a_scan()
    claim = a_claim(scan_id, lease_seconds=-1)
    if not kept:
        lifecycle.rescue(10, max_crashes=5, patience=5, lease_seconds=10)

    holding = lifecycle.renew([claim], lease_seconds=10)

    assert holding == ([claim] if kept else [])
    assert lifecycle.rescue(10, max_crashes=5, patience=5, lease_seconds=10) == []
