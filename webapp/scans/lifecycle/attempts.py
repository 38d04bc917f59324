"""An attempt as its worker sees it: claim it, keep the claim, settle it."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Float, bindparam, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from webapp.database import db, now, single_statement, transaction
from webapp.scans.change import CHANGE_COLUMNS, Change
from webapp.scans.durations import format_duration
from webapp.scans.exchange import MISSING, Exchange, Request
from webapp.scans.lifecycle.answers import keep_answer
from webapp.scans.lifecycle.claim import Claim
from webapp.scans.lifecycle.next_attempt import next_wait, why_not_again
from webapp.scans.lifecycle.records import INSERT_ATTEMPT, attempt_values
from webapp.scans.models import SCAN_TABLE, Scan
from webapp.scans.retry_policy import GiveUp
from webapp.scans.rules import Decision, Verdict
from webapp.scans.sealing import SealBroken, Secrets, sealer
from webapp.scans.states import IDLE_STATES, State, Trigger

#: A wake-up may come this much early: its countdown ran by the worker's clock, the due time by the database's.
EARLY_SECONDS = 1.0
#: No wake-up is sent longer ahead than this.
LONGEST_COUNTDOWN = 60.0


@dataclass(frozen=True, slots=True)
class Settled:
    """The attempt is written; ``countdown`` is the wait in seconds where the caller sends the next wake-up."""

    change: Change
    countdown: float | None = None


_CLAIM_COLUMNS = (
    Scan.method,
    Scan.url,
    Scan.sealed,
    Scan.policy,
    Scan.rule,
    Scan.token,
    Scan.trigger,
    Scan.deadline_at,
)

# The statements of the hot path are built once: building one costs more than running it.
_START = (
    update(SCAN_TABLE)
    .where(
        Scan.id == bindparam("scan_id"),
        Scan.attempt == bindparam("number") - 1,
        Scan.state.in_(sorted(IDLE_STATES)),
        Scan.due_at <= now(EARLY_SECONDS),
        Scan.deadline_at > now(),
    )
    .values(
        state=State.RUNNING,
        attempt=Scan.attempt + 1,
        token=Scan.token + 1,
        revision=Scan.revision + 1,
        worker=bindparam("by"),
        lease_until=now(bindparam("lease_seconds", type_=Float())),
        attempt_started_at=now(),
        started_at=func.coalesce(Scan.started_at, now()),
        due_at=None,
        sent_at=None,
        held_since=None,
        held_until=None,
        held_why=None,
    )
    .returning(*CHANGE_COLUMNS, *_CLAIM_COLUMNS)
)
_HOLDS = (Scan.id == bindparam("scan_id"), Scan.token == bindparam("held_token"), Scan.state == State.RUNNING)
_SETTLE = (
    update(SCAN_TABLE)
    .where(*_HOLDS)
    .values(
        state=bindparam("to_state", type_=Scan.state.type),
        revision=Scan.revision + 1,
        lease_until=None,
        status=bindparam("last_status"),
        error_code=bindparam("last_code", type_=Scan.error_code.type),
        error=bindparam("last_error"),
    )
)
_FINISH = _SETTLE.values(finished_at=now()).returning(*CHANGE_COLUMNS)
_RETRY = _SETTLE.values(due_at=now(bindparam("wait", type_=Float())), trigger=Trigger.AUTOMATIC)
_RETRY_SOON = _RETRY.values(sent_at=now()).returning(*CHANGE_COLUMNS)
_RETRY_LATER = _RETRY.values(sent_at=None).returning(*CHANGE_COLUMNS)


def start(scan_id: uuid.UUID, attempt: int, *, worker: str, lease_seconds: float) -> Claim | None:
    """Claim this attempt; None when it is not there to be claimed: taken, over, canceled, or not due yet."""
    given = {"scan_id": scan_id, "number": attempt, "by": worker, "lease_seconds": lease_seconds}
    with single_statement() as connection:
        row = connection.execute(_START, given).one_or_none()
    return None if row is None else _claim(row, worker)


def _claim(row: Sequence[Any], worker: str) -> Claim:
    change = Change.of(row)
    method, url, sealed, policy, rule, token, trigger, deadline_at = row[len(CHANGE_COLUMNS) :]
    assert change.attempt_started_at is not None
    secrets, fault = _open(change.id, sealed)
    return Claim(
        change=change,
        request=Request(method, url, secrets.headers, secrets.body),
        fault=fault,
        policy=policy,
        rule=rule,
        token=token,
        trigger=trigger,
        worker=worker,
        started_at=change.attempt_started_at,
        deadline_at=deadline_at,
        claimed_monotonic=time.monotonic(),
    )


def _open(scan_id: uuid.UUID, sealed: bytes | None) -> tuple[Secrets, str | None]:
    try:
        return sealer().open(scan_id, sealed), None
    except SealBroken as error:
        return Secrets(), str(error)


def recall(scan_id: uuid.UUID, attempt: int) -> Claim | None:
    """The claim on a running attempt, for who must settle it in the place of its dead worker; None if it is over."""
    running = (Scan.id == scan_id, Scan.attempt == attempt, Scan.state == State.RUNNING)
    statement = select(*CHANGE_COLUMNS, *_CLAIM_COLUMNS, Scan.worker, now().label("clock")).where(*running)
    with db.engine.connect() as connection:
        row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    claim = _claim(row[:-2], row.worker)
    age = (row.clock - claim.started_at).total_seconds()
    return replace(claim, claimed_monotonic=claim.claimed_monotonic - age)


def renew(claims: Sequence[Claim], *, lease_seconds: float) -> list[Claim]:
    """Prolong the leases of all these claims at once; returns those that still hold."""
    if not claims:
        return []
    statement = update(Scan).where(or_(*(claim.holds for claim in claims))).values(lease_until=now(lease_seconds))
    with transaction() as connection:
        held = {(scan_id, token) for scan_id, token in connection.execute(statement.returning(Scan.id, Scan.token))}
    return [claim for claim in claims if (claim.scan_id, claim.token) in held]


def settle(claim: Claim, exchange: Exchange, verdict: Verdict, *, longest_countdown: float | None) -> Settled | None:
    """Write how the attempt ended and where the scan goes from here; None when the claim no longer holds.

    A retry that comes within ``longest_countdown`` seconds counts as sent, and the caller sends it with a countdown;
    a later one holds no message, the scheduler finds its row. None: all of them are left to the scheduler.
    """
    if verdict.decision is Decision.SUCCESS:
        return _finish(claim, exchange, verdict, State.SUCCEEDED, None)
    if verdict.decision is Decision.FAILURE:
        return _finish(claim, exchange, verdict, State.FAILED, verdict.error)
    if words := why_not_again(claim.policy, exchange, verdict):
        return _finish(claim, exchange, verdict, State.FAILED, words)
    wait = next_wait(claim, exchange)
    if isinstance(wait, GiveUp):
        return _finish(claim, exchange, verdict, State(wait.value), _give_up_words(claim, verdict, wait))
    return _retry(claim, exchange, verdict, wait, is_sent=longest_countdown is not None and wait <= longest_countdown)


def _give_up_words(claim: Claim, verdict: Verdict, why: GiveUp) -> str:
    if why is GiveUp.EXHAUSTED:
        count = claim.counted_attempts
        words = f"Gave up after {count} attempt{'s' if count > 1 else ''}."
    else:
        words = f"Gave up: the next attempt would come after the deadline of {format_duration(claim.policy.deadline)}."
    return f"{words} The last one: {verdict.error}" if verdict.error else words


def _finish(claim: Claim, exchange: Exchange, verdict: Verdict, state: State, error: str | None) -> Settled | None:
    statement = _FINISH.values(sealer().at_end()) if sealer().at_end() else _FINISH
    change = _write(statement, claim, exchange, verdict, to_state=state, last_error=error)
    return None if change is None else Settled(change)


def _retry(claim: Claim, exchange: Exchange, verdict: Verdict, wait: float, *, is_sent: bool) -> Settled | None:
    statement = _RETRY_SOON if is_sent else _RETRY_LATER
    given = {"to_state": State.WAITING, "last_error": verdict.error, "wait": wait}
    change = _write(statement, claim, exchange, verdict, **given)
    return None if change is None else Settled(change, wait if is_sent else None)


def _write(
    statement: ReturningUpdate[*tuple[Any, ...]], claim: Claim, exchange: Exchange, verdict: Verdict, **given: Any
) -> Change | None:
    """Change the scan if the claim holds, and only then record the attempt, in one transaction."""
    given |= {"scan_id": claim.scan_id, "held_token": claim.token}
    given |= {"last_status": exchange.status, "last_code": verdict.error_code}
    with transaction() as connection:
        row = connection.execute(statement, given).one_or_none()
        if row is None:
            return None
        _record(connection, claim, exchange, verdict)
    return Change.of(row)


def _record(connection: Connection, claim: Claim, exchange: Exchange, verdict: Verdict) -> None:
    connection.execute(INSERT_ATTEMPT, attempt_values(claim, exchange, verdict))
    if exchange.body or exchange.json is not MISSING:
        keep_answer(connection, claim, exchange, is_good=verdict.decision is Decision.SUCCESS)
