"""Every transition of a scan, on both databases."""

import uuid
from typing import Any

import pytest
from sqlalchemy import update

from tests.factories import GOOD, HOPELESS, RESET, UNAVAILABLE, URL, a_claim, a_scan, a_wake_up, row, settle
from webapp.database import now, transaction
from webapp.scans import lifecycle, queries
from webapp.scans.draft import Draft
from webapp.scans.errors import NotAllowedNow, ScanNotFound
from webapp.scans.exchange import Exchange, Failure
from webapp.scans.models import Scan
from webapp.scans.retry_on import RetryOn
from webapp.scans.retry_policy import Backoff, Jitter
from webapp.scans.states import ErrorCode, Outcome, State, Trigger

pytestmark = pytest.mark.usefixtures("either_app")


def seconds_until_due(scan: Scan) -> float:
    assert scan.due_at is not None
    return (scan.due_at - queries.server_time()).total_seconds()


def wait_after_attempt(scan: Scan) -> float:
    """Seconds between the end of the last attempt and the next one."""
    assert scan.due_at is not None
    return (scan.due_at - queries.get_attempts(scan.id)[-1].finished_at).total_seconds()


def test_a_submitted_scan_is_queued_due_now_and_has_a_deadline() -> None:
    scan = row(a_scan(deadline=120))

    assert (scan.state, scan.attempt, scan.revision) == (State.QUEUED, 0, 1)
    assert -5 < seconds_until_due(scan) <= 0
    assert (scan.deadline_at - scan.created_at).total_seconds() == pytest.approx(120, abs=0.1)


def test_times_come_back_as_utc_from_the_clock_of_the_database() -> None:
    scan = row(a_scan())

    assert scan.created_at.utcoffset() is not None
    assert abs((queries.server_time() - scan.created_at).total_seconds()) < 5


def test_a_batch_keeps_its_scans_in_the_order_of_its_lines() -> None:
    drafts = [Draft(f"https://target.example/{n}") for n in range(1200)]

    submission = lifecycle.submit(drafts, batch_name="nightly")

    assert submission.batch_id is not None
    assert queries.get_batch(submission.batch_id).total == 1200
    urls = [row(change.id).url for change in submission.changes[:3]]
    assert urls == ["https://target.example/0", "https://target.example/1", "https://target.example/2"]


def test_a_claim_carries_the_request_and_raises_token_and_revision() -> None:
    scan_id = a_scan(headers={"X-Token": "secret"})

    claim = a_claim(scan_id)

    assert claim.request.headers == {"X-Token": "secret"}
    scan = row(scan_id)
    assert (scan.state, scan.attempt, scan.token, scan.revision) == (State.RUNNING, 1, 1, 2)
    assert scan.lease_until is not None and scan.due_at is None and scan.sent_at is None
    assert claim.change.revision == 2


def test_a_good_answer_ends_the_scan_and_is_stored() -> None:
    scan_id = a_scan()

    settled = settle(a_claim(scan_id), GOOD)

    assert settled is not None and settled.countdown is None
    scan = row(scan_id)
    assert (scan.state, scan.status, scan.error, scan.revision) == (State.SUCCEEDED, 200, None, 3)
    assert scan.finished_at is not None and scan.lease_until is None
    answer = queries.get_answer(scan_id)
    assert answer is not None and answer.is_json and answer.body == b'{"success": true}'
    [attempt] = queries.get_attempts(scan_id)
    assert (attempt.number, attempt.outcome, attempt.trigger) == (1, Outcome.SUCCEEDED, Trigger.INITIAL)


def test_a_bad_answer_waits_for_the_next_attempt() -> None:
    scan_id = a_scan(initial_interval=15)

    settled = settle(a_claim(scan_id), UNAVAILABLE)

    assert settled is not None and settled.countdown == 15
    scan = row(scan_id)
    assert (scan.state, scan.status, scan.error_code) == (State.WAITING, 503, ErrorCode.HTTP_STATUS)
    assert wait_after_attempt(scan) == pytest.approx(15, abs=2)
    assert "503" in (scan.error or "")


def test_a_long_wait_holds_no_message() -> None:
    scan_id = a_scan(initial_interval=300)

    settled = settle(a_claim(scan_id), UNAVAILABLE)

    assert settled is not None and settled.countdown is None
    assert row(scan_id).sent_at is None


def test_exponential_waits_grow_up_to_their_cap() -> None:
    scan_id = a_scan(initial_interval=0, backoff=Backoff.EXPONENTIAL)
    waits = []
    policy = row(a_scan(initial_interval=10, backoff=Backoff.EXPONENTIAL, max_interval=35)).policy
    for attempt in range(1, 5):
        waits.append(policy.wait_after(attempt))

    assert waits == [10, 20, 35, 35]
    assert row(scan_id).policy.wait_after(3) == 0


def test_an_error_that_no_retry_can_mend_fails_the_scan_at_once() -> None:
    scan_id = a_scan()

    settle(a_claim(scan_id), HOPELESS)

    scan = row(scan_id)
    assert (scan.state, scan.error_code) == (State.FAILED, ErrorCode.SSL_WRONG_HOST)
    assert scan.error == "The certificate is for another name."


def test_the_last_attempt_exhausts_the_scan() -> None:
    scan_id = a_scan(max_attempts=2, initial_interval=0)
    settle(a_claim(scan_id), UNAVAILABLE)

    settle(a_claim(scan_id, 2), RESET)

    scan = row(scan_id)
    assert (scan.state, scan.attempt) == (State.EXHAUSTED, 2)
    assert scan.error == "Gave up after 2 attempts. The last one: The connection was reset."
    assert [a.outcome for a in queries.get_attempts(scan_id)] == [Outcome.HTTP_ERROR, Outcome.NETWORK_ERROR]


@pytest.mark.parametrize(
    ("status", "value", "policy", "wait"),
    [
        (503, "120", {}, 120),
        (429, "120", {}, 120),
        (202, "120", {}, 120),
        (302, "120", {}, 120),
        (503, "2", {}, 15),
        (503, "120", {"retry_after_cap": 60}, 60),
        (503, "120", {"respect_retry_after": False}, 15),
        (500, "120", {}, 15),
        (503, "soon", {}, 15),
        (503, "-5", {}, 15),
        (503, "Sat, 31 Jan 2026 08:02:00 GMT", {}, 120),
        (503, "Sat, 31 Jan 2026 07:00:00 GMT", {}, 15),
    ],
)
def test_the_wait_is_the_longer_one_of_the_scans_and_the_servers(
    status: int, value: str, policy: dict[str, Any], wait: float
) -> None:
    scan_id = a_scan(initial_interval=15, **policy)
    # A date is meant by the server's own clock.
    headers = (("Retry-After", value), ("Date", "Sat, 31 Jan 2026 08:00:00 GMT"))

    settle(a_claim(scan_id), Exchange(URL, status, headers=headers, body=b"{", content_type="application/json"))

    scan = row(scan_id)
    assert scan.state is State.WAITING
    assert wait_after_attempt(scan) == pytest.approx(wait, abs=2)


@pytest.mark.parametrize(("seconds", "wait"), [(120, 120), (2, 15), (None, 15)])
def test_what_cannot_end_otherwise_before_a_time_is_not_tried_before_it(seconds: float | None, wait: float) -> None:
    scan_id = a_scan(initial_interval=15, respect_retry_after=False)
    busy = Failure(Outcome.REFUSED, ErrorCode.HOST_BUSY, "Not asked now.", retry_after=seconds)

    settle(a_claim(scan_id), Exchange(URL, failure=busy))

    scan = row(scan_id)
    assert (scan.state, scan.error_code, scan.error) == (State.WAITING, ErrorCode.HOST_BUSY, "Not asked now.")
    assert wait_after_attempt(scan) == pytest.approx(wait, abs=2)


def test_a_server_that_asks_for_more_than_the_deadline_is_not_waited_for() -> None:
    scan_id = a_scan(deadline=60)

    settle(a_claim(scan_id), Exchange(URL, 503, headers=(("Retry-After", "120"),)))

    assert row(scan_id).state is State.TIMED_OUT


def test_what_the_policy_does_not_retry_fails_at_once_and_says_why() -> None:
    scan_id, other_id = (a_scan(retry_on=RetryOn(("timed_out", "503"))) for _ in range(2))

    settle(a_claim(scan_id), UNAVAILABLE)
    settle(a_claim(other_id), RESET)

    assert row(scan_id).state is State.WAITING
    other = row(other_id)
    assert other.state is State.FAILED and other.error_code is ErrorCode.CONNECTION_RESET
    assert other.error == (
        "Not tried again: network_error is not among what this scan retries. The connection was reset."
    )


def test_chance_moves_the_next_attempt_within_its_bounds() -> None:
    ids = [a_scan(initial_interval=1000, jitter=Jitter.EQUAL, deadline=9999) for _ in range(8)]

    for scan_id in ids:
        settle(a_claim(scan_id), UNAVAILABLE)

    waits = [wait_after_attempt(row(scan_id)) for scan_id in ids]
    assert all(499 < wait <= 1000 for wait in waits) and max(waits) - min(waits) > 10


def test_a_retry_that_would_come_after_the_deadline_is_not_waited_for() -> None:
    scan_id = a_scan(initial_interval=20, deadline=10)

    settle(a_claim(scan_id), UNAVAILABLE)

    scan = row(scan_id)
    assert scan.state is State.TIMED_OUT
    assert "deadline of 10s" in (scan.error or "")


def test_a_later_answer_takes_the_place_of_the_one_before() -> None:
    scan_id = a_scan(initial_interval=0)
    settle(a_claim(scan_id), UNAVAILABLE)

    settle(a_claim(scan_id, 2), GOOD)

    answer = queries.get_answer(scan_id)
    assert answer is not None and (answer.attempt, answer.body) == (2, b'{"success": true}')


@pytest.mark.parametrize("bring", ["queued", "waiting", "running"])
def test_an_active_scan_can_be_canceled(bring: str) -> None:
    scan_id = a_scan()
    if bring != "queued":
        claim = a_claim(scan_id)
        if bring == "waiting":
            settle(claim, UNAVAILABLE)
    before = row(scan_id)
    assert before.state.value == bring

    change = lifecycle.cancel(scan_id)

    assert (change.state, change.revision) == (State.CANCELED, before.revision + 1)
    assert row(scan_id).finished_at is not None
    outcomes = [attempt.outcome for attempt in queries.get_attempts(scan_id)]
    assert outcomes == {"queued": [], "waiting": [Outcome.HTTP_ERROR], "running": [Outcome.CANCELED]}[bring]


def test_an_ended_scan_cannot_be_canceled_or_retried() -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), GOOD)

    with pytest.raises(NotAllowedNow, match="has ended"):
        lifecycle.cancel(scan_id)
    with pytest.raises(NotAllowedNow, match="has ended"):
        lifecycle.retry_now(scan_id)
    assert row(scan_id).revision == 3


def test_an_unknown_scan_cannot_be_canceled_or_retried() -> None:
    with pytest.raises(ScanNotFound):
        lifecycle.cancel(uuid.uuid4())
    with pytest.raises(ScanNotFound):
        lifecycle.retry_now(uuid.uuid4())


def test_retry_now_makes_a_waiting_scan_due_at_once() -> None:
    scan_id = a_scan(initial_interval=600)
    settle(a_claim(scan_id), UNAVAILABLE)

    change = lifecycle.retry_now(scan_id)

    assert (change.state, change.revision) == (State.QUEUED, 4)
    a_claim(scan_id, 2)
    assert row(scan_id).trigger is Trigger.MANUAL


def test_every_committed_change_raises_the_revision_by_one() -> None:
    scan_id = a_scan(initial_interval=0)
    revisions = [row(scan_id).revision]
    for attempt in (1, 2):
        claim = a_claim(scan_id, attempt)
        revisions.append(claim.change.revision)
        settled = settle(claim, UNAVAILABLE)
        assert settled is not None
        revisions.append(settled.change.revision)
    revisions.append(lifecycle.retry_now(scan_id).revision)
    revisions.append(lifecycle.cancel(scan_id).revision)

    assert revisions == list(range(1, 8))


def test_a_lost_worker_costs_an_attempt_row_but_not_a_try() -> None:
    scan_id = a_scan(max_attempts=1)
    a_claim(scan_id, lease_seconds=-1)

    [change] = lifecycle.rescue(10, max_crashes=5, patience=5, lease_seconds=10)

    assert (change.id, change.state) == (scan_id, State.QUEUED)
    [attempt] = queries.get_attempts(scan_id)
    assert (attempt.outcome, attempt.error_code, attempt.worker) == (Outcome.INTERRUPTED, ErrorCode.WORKER_LOST, "w1")
    settle(a_claim(scan_id, 2), GOOD)
    assert row(scan_id).state is State.SUCCEEDED


def test_an_attempt_whose_worker_was_lost_ends_with_its_last_sign_of_life() -> None:
    scan_id = a_scan()
    claim = a_claim(scan_id, lease_seconds=-1)

    lifecycle.rescue(10, max_crashes=5, patience=5, lease_seconds=10)

    # The last sign of life was the claim itself: the lease is reckoned back, but never to before it.
    [attempt] = queries.get_attempts(scan_id)
    assert attempt.finished_at == claim.started_at


def test_a_renewed_lease_moves_the_last_sign_of_life() -> None:
    scan_id = a_scan()
    claim = a_claim(scan_id)
    lifecycle.renew([claim], lease_seconds=-0.001)

    lifecycle.rescue(10, max_crashes=5, patience=5, lease_seconds=-0.001)

    [attempt] = queries.get_attempts(scan_id)
    assert claim.started_at < attempt.finished_at < queries.server_time()


def test_a_scan_that_keeps_killing_its_workers_is_abandoned() -> None:
    scan_id = a_scan()
    states = []
    for attempt in (1, 2, 3):
        a_claim(scan_id, attempt, lease_seconds=-1)
        states += [change.state for change in lifecycle.rescue(10, max_crashes=3, patience=5, lease_seconds=10)]

    assert states == [State.QUEUED, State.QUEUED, State.ABANDONED]
    assert row(scan_id).error == "Abandoned: its worker was lost 3 times."


def test_a_claim_that_is_handed_back_is_no_crash() -> None:
    scan_id = a_scan()

    change = lifecycle.hand_back(a_claim(scan_id))

    assert change is not None and change.state is State.QUEUED
    assert (row(scan_id).crashes, row(scan_id).interruptions) == (0, 1)


def test_a_queued_scan_is_ended_by_its_deadline_without_any_worker() -> None:
    late, early = a_scan(deadline=-1), a_scan(deadline=60)

    [change] = lifecycle.expire(10)

    assert (change.id, change.state) == (late, State.TIMED_OUT)
    assert row(early).state is State.QUEUED
    assert lifecycle.start(late, 1, worker="w", lease_seconds=10) is None


def test_a_running_scan_is_left_to_its_worker_when_its_deadline_is_over() -> None:
    scan_id = a_scan(deadline=60)
    a_claim(scan_id)
    with transaction() as connection:
        connection.execute(update(Scan).where(Scan.id == scan_id).values(deadline_at=now(-1)))

    assert lifecycle.expire(10) == []
    assert row(scan_id).state is State.RUNNING


def test_a_due_scan_is_woken_once() -> None:
    scan_id = a_scan()
    lifecycle.forget_sent([scan_id])

    assert lifecycle.take_due(10) == [a_wake_up(scan_id)]
    assert lifecycle.take_due(10) == []


def test_a_wake_up_that_nobody_claimed_is_sent_again() -> None:
    scan_id = a_scan()

    assert lifecycle.take_unclaimed(10, patience=60) == []
    assert lifecycle.count_unclaimed(10) == 1
    assert lifecycle.take_unclaimed(10, patience=-5) == [a_wake_up(scan_id)]


def test_a_running_attempt_can_be_recalled_by_who_settles_it_for_its_dead_worker() -> None:
    scan_id = a_scan()
    a_claim(scan_id)

    claim = lifecycle.recall(scan_id, 1)

    assert claim is not None and claim.worker == "w1"
    settle(claim, RESET)
    assert lifecycle.recall(scan_id, 1) is None
