"""What the heartbeat does with claims that are kept, lost, overstayed and let go."""

import dataclasses
import threading
import uuid
from collections.abc import Callable

import pytest
from flask import Flask

from tasks.cancellation import Cancellation
from tasks.heartbeat import Heartbeat, Held
from tasks.host_place import NoPlace
from tests.factories import GOOD, a_claim, a_scan, row, settle
from tests.fetching import fetch
from tests.target import Target
from webapp.scans import lifecycle, queries
from webapp.scans.exchange import Request
from webapp.scans.lifecycle import Claim
from webapp.scans.states import Outcome, State

LEASE_SECONDS = 0.3


class Fetching:
    """An exchange under way in a thread of its own."""

    def __init__(self, url: str, cancellation: Cancellation) -> None:
        self._thread = threading.Thread(
            target=lambda: fetch(Request("GET", url), timeout=60, cancellation=cancellation), daemon=True
        )
        self._thread.start()

    def ends(self) -> bool:
        self._thread.join(10)
        return not self._thread.is_alive()


@pytest.fixture
def beating(either_app: Flask) -> Callable[[Claim], Held]:
    heartbeat = Heartbeat(LEASE_SECONDS)

    def add(claim: Claim) -> Held:
        held = Held(claim, Cancellation(), NoPlace())
        heartbeat.add(held)
        return held

    return add


def lease_of(scan_id: uuid.UUID) -> str:
    return str(row(scan_id).lease_until)


@pytest.mark.parametrize("path", ["/hang?{}", "/drip?{}", "/endless?{}"])
def test_an_exchange_that_is_canceled_ends_at_once_wherever_it_waits(target: Target, path: str) -> None:
    path = path.format(uuid.uuid4())
    cancellation = Cancellation()
    fetching = Fetching(target.url(path), cancellation)
    target.wait_for_hits(path, 1)

    cancellation.cancel()

    assert fetching.ends()


def test_an_exchange_that_was_canceled_before_it_began_asks_nobody(target: Target) -> None:
    cancellation = Cancellation()
    cancellation.cancel()

    exchange = fetch(Request("GET", target.url("/ok?canceled")), timeout=5, cancellation=cancellation)

    assert exchange.failure is not None and exchange.failure.outcome is Outcome.CANCELED
    assert target.hits("/ok?canceled") == 0


def test_the_exchange_of_a_scan_that_a_person_cancels_is_ended(
    beating: Callable[[Claim], Held], target: Target
) -> None:
    path = f"/hang?{uuid.uuid4()}"
    claim = a_claim(a_scan(target.url(path)), lease_seconds=LEASE_SECONDS)
    fetching = Fetching(target.url(path), beating(claim).cancellation)
    target.wait_for_hits(path, 1)

    lifecycle.cancel(claim.scan_id)

    assert fetching.ends()


def test_an_attempt_that_outlives_its_hard_limit_is_timed_out_and_its_late_answer_fenced_off(
    beating: Callable[[Claim], Held], target: Target
) -> None:
    path = f"/hang?{uuid.uuid4()}"
    claim = a_claim(a_scan(target.url(path), initial_interval=600), lease_seconds=10)
    long_ago = dataclasses.replace(claim, claimed_monotonic=claim.claimed_monotonic - 51)

    fetching = Fetching(target.url(path), beating(long_ago).cancellation)

    assert fetching.ends()
    assert row(claim.scan_id).state is State.WAITING
    assert [attempt.outcome for attempt in queries.get_attempts(claim.scan_id)] == [Outcome.TIMED_OUT]
    assert settle(claim, GOOD) is None


def test_what_is_let_go_is_queued_for_another_worker_and_its_exchange_ended(either_app: Flask, target: Target) -> None:
    path = f"/hang?{uuid.uuid4()}"
    claim = a_claim(a_scan(target.url(path)))
    heartbeat = Heartbeat(60)
    held = Held(claim, Cancellation(), NoPlace())
    heartbeat.add(held)
    fetching = Fetching(target.url(path), held.cancellation)

    heartbeat.let_go()

    assert fetching.ends()
    scan = row(claim.scan_id)
    assert (scan.state, scan.crashes, scan.interruptions) == (State.QUEUED, 0, 1)


def test_a_lease_is_renewed_while_its_attempt_runs(beating: Callable[[Claim], Held], target: Target) -> None:
    claim = a_claim(a_scan(), lease_seconds=LEASE_SECONDS)
    given = lease_of(claim.scan_id)
    held = beating(claim)
    # A second claim that is lost at once: when its exchange was ended, the first one was renewed with it.
    path = f"/hang?{uuid.uuid4()}"
    other = a_claim(a_scan(target.url(path)))
    lifecycle.cancel(other.scan_id)

    assert Fetching(target.url(path), beating(other).cancellation).ends()

    assert lease_of(claim.scan_id) > given
    assert not held.cancellation.is_set
