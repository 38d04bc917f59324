"""An attempt as its worker sees it: claim it, keep the claim, settle it."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from webapp.database import db, now, transaction
from webapp.scans.change import CHANGE_COLUMNS, Change
from webapp.scans.exchange import MISSING, Exchange, Request
from webapp.scans.lifecycle.claim import Claim
from webapp.scans.lifecycle.records import attempt_values, keep_answer
from webapp.scans.models import Attempt, Scan
from webapp.scans.retry_policy import GiveUp, format_duration
from webapp.scans.rules import Decision, Verdict
from webapp.scans.states import IDLE_STATES, State, Trigger

#: A wake-up may come this much early: its countdown ran by the worker's clock, the due time by the database's.
EARLY_SECONDS = 1.0
#: A retry this soon rides on Celery's own countdown; a later one holds no message, the scheduler finds it.
LONGEST_COUNTDOWN = 60.0


@dataclass(frozen=True, slots=True)
class Settled:
    """The attempt is written; ``wait`` is the time to the next one in seconds, None after the last."""

    change: Change
    wait: float | None = None

    @property
    def countdown(self) -> float | None:
        """The wait, where Celery shall hold the next wake-up."""
        return self.wait if self.wait is not None and self.wait <= LONGEST_COUNTDOWN else None


_CLAIM_COLUMNS = (Scan.method, Scan.url, Scan.headers, Scan.body, Scan.policy, Scan.token, Scan.trigger, Scan.deadline_at)


def start(scan_id: uuid.UUID, attempt: int, *, worker: str, lease_seconds: float) -> Claim | None:
    """Claim this attempt; None when it is not there to be claimed: taken, over, canceled, or not due yet."""
    statement = (
        update(Scan)
        .where(
            Scan.id == scan_id,
            Scan.attempt == attempt - 1,
            Scan.state.in_(IDLE_STATES),
            Scan.due_at <= now(EARLY_SECONDS),
            Scan.deadline_at > now(),
        )
        .values(
            state=State.RUNNING,
            attempt=attempt,
            token=Scan.token + 1,
            revision=Scan.revision + 1,
            worker=worker,
            lease_until=now(lease_seconds),
            attempt_started_at=now(),
            started_at=func.coalesce(Scan.started_at, now()),
            due_at=None,
            sent_at=None,
        )
        .returning(*CHANGE_COLUMNS, *_CLAIM_COLUMNS)
    )
    with transaction() as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else _claim(row, worker)


def _claim(row: Sequence[Any], worker: str) -> Claim:
    change = Change.of(row)
    method, url, headers, body, policy, token, trigger, deadline_at = row[len(CHANGE_COLUMNS) :]
    assert change.attempt_started_at is not None
    return Claim(
        change=change,
        request=Request(method, url, headers, body),
        policy=policy,
        token=token,
        trigger=trigger,
        worker=worker,
        started_at=change.attempt_started_at,
        deadline_at=deadline_at,
        claimed_monotonic=time.monotonic(),
    )


def recall(scan_id: uuid.UUID, attempt: int) -> Claim | None:
    """The claim on a running attempt, for who must settle it in the place of its dead worker; None if it is over."""
    running = (Scan.id == scan_id, Scan.attempt == attempt, Scan.state == State.RUNNING)
    statement = select(*CHANGE_COLUMNS, *_CLAIM_COLUMNS, Scan.worker).where(*running)
    with db.engine.connect() as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else _claim(row[:-1], row.worker)


def renew(claims: Sequence[Claim], *, lease_seconds: float) -> set[uuid.UUID]:
    """Prolong the leases of all these claims at once; returns the ids of those that still hold."""
    if not claims:
        return set()
    statement = update(Scan).where(or_(*(claim.holds for claim in claims))).values(lease_until=now(lease_seconds))
    with transaction() as connection:
        return set(connection.scalars(statement.returning(Scan.id)))


def settle(claim: Claim, exchange: Exchange, verdict: Verdict) -> Settled | None:
    """Write how the attempt ended and where the scan goes from here; None when the claim no longer holds."""
    if verdict.decision is Decision.SUCCESS:
        return _finish(claim, exchange, verdict, State.SUCCEEDED, None)
    if verdict.decision is Decision.FAILURE:
        return _finish(claim, exchange, verdict, State.FAILED, verdict.error)
    wait = claim.policy.next_wait(attempt=claim.counted_attempts, seconds_left=claim.seconds_left())
    if isinstance(wait, GiveUp):
        return _finish(claim, exchange, verdict, State(wait.value), _give_up_words(claim, verdict, wait))
    return _retry(claim, exchange, verdict, wait)


def _give_up_words(claim: Claim, verdict: Verdict, why: GiveUp) -> str:
    if why is GiveUp.EXHAUSTED:
        count = claim.counted_attempts
        words = f"Gave up after {count} attempt{'s' if count > 1 else ''}."
    else:
        words = f"Gave up: the next attempt would come after the deadline of {format_duration(claim.policy.deadline)}."
    return f"{words} The last one: {verdict.error}" if verdict.error else words


def _finish(claim: Claim, exchange: Exchange, verdict: Verdict, state: State, error: str | None) -> Settled | None:
    values = {"state": state, "error": error, "finished_at": now()}
    change = _write(claim, exchange, verdict, values)
    return None if change is None else Settled(change)


def _retry(claim: Claim, exchange: Exchange, verdict: Verdict, wait: float) -> Settled | None:
    values = {
        "state": State.WAITING,
        "error": verdict.error,
        "due_at": now(wait),
        "sent_at": now() if wait <= LONGEST_COUNTDOWN else None,
        "trigger": Trigger.AUTOMATIC,
    }
    change = _write(claim, exchange, verdict, values)
    return None if change is None else Settled(change, wait)


def _write(claim: Claim, exchange: Exchange, verdict: Verdict, values: dict[str, Any]) -> Change | None:
    statement = (
        update(Scan)
        .where(claim.holds)
        .values(
            revision=Scan.revision + 1,
            lease_until=None,
            status=exchange.status,
            error_code=verdict.error_code,
            **values,
        )
        .returning(*CHANGE_COLUMNS)
    )
    with transaction() as connection:
        row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        _record(connection, claim, exchange, verdict)
    return Change.of(row)


def _record(connection: Connection, claim: Claim, exchange: Exchange, verdict: Verdict) -> None:
    connection.execute(insert(Attempt).values(attempt_values(claim, exchange, verdict)))
    if exchange.body or exchange.json is not MISSING:
        keep_answer(connection, claim, exchange, is_good=verdict.decision is Decision.SUCCESS)
