"""What happens to a scan whose worker cannot finish it, and to one whose time is over."""

import datetime as dt
import time
import uuid
from typing import Any

from sqlalchemy import Connection, Row, case, select, update
from sqlalchemy.sql.elements import ColumnElement

from webapp.database import now, transaction
from webapp.scans.change import CHANGE_COLUMNS, Change
from webapp.scans.lifecycle.claim import Claim
from webapp.scans.lifecycle.records import CUT_OFF_COLUMNS, INSERT_ATTEMPT, cut_off_values
from webapp.scans.models import Scan
from webapp.scans.sealing import sealer
from webapp.scans.states import ErrorCode, Outcome, State, Trigger

_TOO_LATE = "Gave up: the deadline is over."
_TOO_LATE_IN_LINE = "Gave up: the deadline came while the scan waited for its host."
_LOST = "Interrupted: its worker was lost."


class WritersWaited(Exception):
    """Nobody could write for a while, so leases are over that their workers wanted to renew."""


def rescue(limit: int, *, max_crashes: int, patience: float, lease_seconds: float) -> list[Change]:
    """Take running scans from workers whose lease is over: each is queued again, or abandoned at ``max_crashes``.

    The attempt is told to have ended with its worker's last sign of life, which is ``lease_seconds`` before the lease
    was over: so the time until it was noticed is part of what the scan had to wait.

    Raises WritersWaited when it took longer than ``patience`` seconds until it could write: others waited too.
    """
    started = time.monotonic()
    with transaction() as connection:
        if time.monotonic() - started > patience:
            raise WritersWaited
        rows = _locked(connection, Scan.lease_until <= now(), limit)
        return [_requeue_after_crash(connection, row, max_crashes, _last_seen(row, lease_seconds)) for row in rows]


def _last_seen(row: Row[*tuple[Any, ...]], lease_seconds: float) -> dt.datetime:
    started_at: dt.datetime = row.attempt_started_at
    renewed_at: dt.datetime = row.lease_until - dt.timedelta(seconds=lease_seconds)
    return max(started_at, renewed_at)


def interrupt(scan_id: uuid.UUID, attempt: int, *, worker: str, max_crashes: int) -> Change | None:
    """The same for one attempt of a worker that is known to be lost; None when it does not run any more."""
    running = (Scan.id == scan_id) & (Scan.attempt == attempt) & (Scan.state == State.RUNNING)
    with transaction() as connection:
        rows = _waited_for(connection, running & (Scan.worker == worker))
        return _requeue_after_crash(connection, rows[0], max_crashes, None) if rows else None


def hand_back(claim: Claim) -> Change | None:
    """Give up a claim because this worker must stop: the scan is queued again at once, and it is no crash."""
    with transaction() as connection:
        rows = _waited_for(connection, claim.holds)
        if not rows:
            return None
        return _cut_off(connection, rows[0], "Interrupted: its worker was told to stop.", None, 0, _QUEUED_AGAIN)


def expire(limit: int) -> list[Change]:
    """End idle scans whose deadline is over, even if no worker is alive."""
    # Idle is said by due_at: asked for the states, SQLite reads all that wait by the index on state, every second.
    statement = (
        select(Scan.id)
        .where(Scan.deadline_at <= now(), Scan.finished_at.is_(None), Scan.due_at.is_not(None))
        .order_by(Scan.deadline_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with transaction() as connection:
        ids = list(connection.scalars(statement))
        if not ids:
            return []
        values: dict[str, Any] = {
            "state": State.TIMED_OUT,
            "error": case((Scan.held_since.is_(None), _TOO_LATE), else_=_TOO_LATE_IN_LINE),
            "finished_at": now(),
            "due_at": None,
            "sent_at": None,
            "held_since": None,
            "held_until": None,
            "held_why": None,
            **sealer().at_end(),
        }
        ended = update(Scan).where(Scan.id.in_(ids)).values(revision=Scan.revision + 1, **values)
        return [Change.of(row) for row in connection.execute(ended.returning(*CHANGE_COLUMNS))]


#: Sent, because the caller publishes the wake-up as soon as this is committed.
_QUEUED_AGAIN = {"state": State.QUEUED, "due_at": now(), "sent_at": now(), "trigger": Trigger.REDELIVERED}


def _locked(connection: Connection, condition: ColumnElement[bool], limit: int) -> list[Row[*tuple[Any, ...]]]:
    statement = select(*CUT_OFF_COLUMNS).where(condition).limit(limit).with_for_update(skip_locked=True)
    return list(connection.execute(statement))


def _waited_for(connection: Connection, condition: ColumnElement[bool]) -> list[Row[*tuple[Any, ...]]]:
    """For one scan in particular: who skipped it, because its lease is just being renewed, would leave it alone."""
    return list(connection.execute(select(*CUT_OFF_COLUMNS).where(condition).with_for_update()))


def _requeue_after_crash(
    connection: Connection, row: Row[*tuple[Any, ...]], max_crashes: int, ended_at: dt.datetime | None
) -> Change:
    if row.crashes + 1 < max_crashes:
        return _cut_off(connection, row, _LOST, ended_at, 1, {**_QUEUED_AGAIN, "error": _LOST})
    words = f"Abandoned: its worker was lost {row.crashes + 1} times."
    values = {"state": State.ABANDONED, "error": words, "finished_at": now(), **sealer().at_end()}
    return _cut_off(connection, row, _LOST, ended_at, 1, values)


def _cut_off(
    connection: Connection,
    row: Row[*tuple[Any, ...]],
    error: str,
    ended_at: dt.datetime | None,
    crashes: int,
    values: dict[str, Any],
) -> Change:
    """``ended_at`` is None where the attempt ends now."""
    code = ErrorCode.WORKER_LOST
    attempt = cut_off_values(row, Outcome.INTERRUPTED, code, error)
    if ended_at is not None:
        attempt["finished_at"] = ended_at
    connection.execute(INSERT_ATTEMPT, attempt)
    statement = (
        update(Scan)
        .where(Scan.id == row.id)
        .values(
            {
                "revision": Scan.revision + 1,
                "token": Scan.token + 1,
                "interruptions": Scan.interruptions + 1,
                "crashes": Scan.crashes + crashes,
                "lease_until": None,
                "error_code": code,
                **values,
            }
        )
    )
    return Change.of(connection.execute(statement.returning(*CHANGE_COLUMNS)).one())
