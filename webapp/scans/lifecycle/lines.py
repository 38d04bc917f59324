"""Scans that are due and wait in line for their host: who stands in which line, and who goes next.

A scan in line holds no worker, no message and no attempt number; its deadline goes on.
"""

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Float, and_, bindparam, case, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from webapp.database import db, now, single_statement, transaction
from webapp.scans.change import CHANGE_COLUMNS, Change
from webapp.scans.host_limits import HostLimits, Shut
from webapp.scans.lifecycle.attempts import EARLY_SECONDS
from webapp.scans.lifecycle.wake_ups import WakeUp, find_wake_ups, mark_sent
from webapp.scans.models import IN_LINE, SCAN_TABLE, Batch, Scan
from webapp.scans.states import IDLE_STATES, Trigger

#: A host that is shut for longer than a row says is told anew; less is the time that telling takes.
_TOLD_SECONDS = 1.0
#: Whose attempt was cut off, and whom a person wants now: these had waited already.
_FIRST_IN_LINE = (Trigger.MANUAL, Trigger.REDELIVERED)


class Candidate(NamedTuple):
    """A scan whose attempt may be made, as far as the scan itself is concerned."""

    host: str
    batch_id: uuid.UUID | None
    is_from_line: bool
    trigger: Trigger
    own_limits: HostLimits


class Line(NamedTuple):
    """Scans of one batch that wait for one host; those that were submitted alone make one line."""

    host: str
    batch_id: uuid.UUID | None
    waiting: int
    own_limits: HostLimits


# The statements of the hot path are built once: building one costs more than running it.
_IS_THERE = (
    Scan.id == bindparam("scan_id"),
    Scan.attempt == bindparam("number") - 1,
    Scan.state.in_(sorted(IDLE_STATES)),
)
_FIND = (
    select(
        Scan.host,
        Scan.batch_id,
        Scan.held_since,
        Scan.trigger,
        Batch.host_concurrency,
        Batch.host_starts_per_second,
    )
    .outerjoin(Batch, Batch.id == Scan.batch_id)
    .where(*_IS_THERE, Scan.due_at <= now(EARLY_SECONDS), Scan.deadline_at > now())
)
_HOLD = (
    update(SCAN_TABLE)
    .where(*_IS_THERE)
    .values(
        revision=Scan.revision + 1,
        sent_at=None,
        # A line goes by due times, the earliest first.
        due_at=case((Scan.trigger.in_(_FIRST_IN_LINE), Scan.created_at), else_=Scan.due_at),
        held_since=func.coalesce(Scan.held_since, now()),
    )
)
_HOLD_UNTIL = _HOLD.values(
    held_until=now(bindparam("seconds", type_=Float())), held_why=bindparam("why", type_=Scan.held_why.type)
).returning(*CHANGE_COLUMNS)
_HOLD_FOR_A_WHILE = _HOLD.values(held_until=None, held_why=None).returning(*CHANGE_COLUMNS)


def find_candidate(scan_id: uuid.UUID, attempt: int) -> Candidate | None:
    """None when this attempt is not there to be claimed, as ``start`` would find."""
    with single_statement() as connection:
        row = connection.execute(_FIND, {"scan_id": scan_id, "number": attempt}).one_or_none()
    if row is None:
        return None
    host, batch_id, held_since, trigger, concurrency, starts = row
    return Candidate(host, batch_id, held_since is not None, trigger, HostLimits(concurrency, starts))


def hold(scan_id: uuid.UUID, attempt: int, *, shut: Shut | None) -> Change | None:
    """Put the scan in line for its host, which others ask just now, or which is asked nothing.

    None when the attempt is not there any more.
    """
    statement, given = _HOLD_FOR_A_WHILE, {"scan_id": scan_id, "number": attempt}
    if shut is not None:
        statement, given = _HOLD_UNTIL, {**given, "seconds": shut.seconds, "why": shut.why}
    with single_statement() as connection:
        row = connection.execute(statement, given).one_or_none()
    return None if row is None else Change.of(row)


def list_lines() -> list[Line]:
    """All lines, by host and batch: the scans that were submitted alone come first."""
    found = (
        select(Scan.host, Scan.batch_id, func.count().label("waiting"))
        .where(IN_LINE)
        .group_by(Scan.host, Scan.batch_id)
        .subquery()
    )
    statement = (
        select(found, Batch.host_concurrency, Batch.host_starts_per_second)
        .outerjoin(Batch, Batch.id == found.c.batch_id)
        .order_by(found.c.host, found.c.batch_id.is_not(None), found.c.batch_id)
    )
    with db.engine.connect() as connection:
        rows = connection.execute(statement)
        return [Line(host, batch_id, waiting, HostLimits(*own)) for host, batch_id, waiting, *own in rows]


def take_from_lines(wanted: Sequence[tuple[Line, int]]) -> list[WakeUp]:
    """So many scans of each line, those first that have been due for longest; from now on they count as sent."""
    taken: list[WakeUp] = []
    with transaction() as connection:
        for line, count in wanted:
            taken += find_wake_ups(connection, _stands_in(line.host, line.batch_id), count, Scan.due_at)
        mark_sent(connection, taken)
    return taken


def tell_hold(host: str, *, shut: Shut | None, limit: int) -> list[Change]:
    """Let those in line for this host say until when, and why, it is asked nothing; None: that it is asked again.

    Changes those only that say otherwise, so it is called until none is left.
    """
    says_otherwise: ColumnElement[bool] = Scan.held_until > now()
    values: dict[str, Any] = {"held_until": None, "held_why": None}
    if shut is not None:
        says_otherwise = or_(Scan.held_until.is_(None), Scan.held_until < now(shut.seconds - _TOLD_SECONDS))
        values = {"held_until": now(shut.seconds), "held_why": shut.why}
    with transaction() as connection:
        ids = _locked_ids(connection, and_(IN_LINE, Scan.host == host, says_otherwise), limit)
        statement = update(Scan).where(Scan.id.in_(ids)).values(revision=Scan.revision + 1, **values)
        return [Change.of(row) for row in connection.execute(statement.returning(*CHANGE_COLUMNS))] if ids else []


def _stands_in(host: str, batch_id: uuid.UUID | None) -> ColumnElement[bool]:
    return and_(IN_LINE, Scan.host == host, Scan.batch_id.is_(None) if batch_id is None else Scan.batch_id == batch_id)


def _locked_ids(connection: Connection, condition: ColumnElement[bool], limit: int) -> list[Any]:
    statement = select(Scan.id).where(condition).limit(limit).with_for_update(skip_locked=True)
    return list(connection.scalars(statement))
