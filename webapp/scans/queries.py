"""Every question that pages and programs ask of the database; nothing here changes a row."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from webapp.database import db, now
from webapp.scans.errors import BatchNotFound, InvalidField, ScanNotFound
from webapp.scans.models import Answer, Attempt, Batch, Scan
from webapp.scans.sealing import Secrets, sealer
from webapp.scans.states import State

MAX_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which scans: all of the conditions that are given. ``text`` is looked for in URL, error and name of the host."""

    state: State | None = None
    batch_id: uuid.UUID | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Scans, newest first; ``next_cursor`` leads to those before them, None at the end."""

    scans: Sequence[Scan]
    next_cursor: str | None


def list_scans(which: Filter, *, limit: int = 50, cursor: str | None = None) -> Page:
    """Page by key: the cursor is the id of the last scan seen, so that new scans never shift a page."""
    limit = max(1, min(limit, MAX_PAGE))
    conditions = _conditions(which)
    if cursor:
        conditions.append(Scan.id < _parse_cursor(cursor))
    scans = db.session.scalars(select(Scan).where(*conditions).order_by(Scan.id.desc()).limit(limit + 1)).all()
    more = len(scans) > limit
    return Page(scans[:limit], str(scans[limit - 1].id) if more else None)


def count_by_state(which: Filter) -> dict[State, int]:
    """How many scans stand in each state, zeros included; the filter's own state is left out of account."""
    anywhere = Filter(batch_id=which.batch_id, text=which.text)
    rows = db.session.execute(select(Scan.state, func.count()).where(*_conditions(anywhere)).group_by(Scan.state))
    found = {state: count for state, count in rows}
    return {state: found.get(state, 0) for state in State}


def get_scan(scan_id: uuid.UUID) -> Scan:
    """Raises ScanNotFound."""
    scan = db.session.get(Scan, scan_id, populate_existing=True)
    if scan is None:
        raise ScanNotFound(str(scan_id))
    return scan


def get_scans(ids: Sequence[uuid.UUID]) -> Sequence[Scan]:
    """Those of the scans that exist, newest first; at most MAX_PAGE are looked at."""
    chosen = Scan.id.in_(ids[:MAX_PAGE])
    return db.session.scalars(select(Scan).where(chosen).order_by(Scan.id.desc())).all()


def get_attempts(scan_id: uuid.UUID) -> Sequence[Attempt]:
    """Those that have ended, first to last; the one that is running is described by the scan itself."""
    return db.session.scalars(select(Attempt).where(Attempt.scan_id == scan_id).order_by(Attempt.number)).all()


def get_answer(scan_id: uuid.UUID) -> Answer | None:
    return db.session.get(Answer, scan_id)


def get_secrets(scan_id: uuid.UUID) -> Secrets:
    """The scan's own headers and body, which no page and no program is told; raises SealBroken."""
    return sealer().open(scan_id, db.session.scalar(select(Scan.sealed).where(Scan.id == scan_id)))


def get_batch(batch_id: uuid.UUID) -> Batch:
    """Raises BatchNotFound."""
    batch = db.session.get(Batch, batch_id)
    if batch is None:
        raise BatchNotFound(str(batch_id))
    return batch


def list_batches(limit: int = 20) -> Sequence[Batch]:
    return db.session.scalars(select(Batch).order_by(Batch.id.desc()).limit(limit)).all()


def server_time() -> dt.datetime:
    """The database's clock, which every time of a scan was read from."""
    return db.session.scalars(select(now())).one()


def parse_id(text: str) -> uuid.UUID | None:
    """The id that a URL names, or None if it cannot be one."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _conditions(which: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if which.state is not None:
        conditions.append(Scan.state == which.state)
    if which.batch_id is not None:
        conditions.append(Scan.batch_id == which.batch_id)
    if text := which.text.strip():
        conditions.append(or_(*(_contains(column, text) for column in (Scan.url, Scan.error))))
    return conditions


def _contains(column: Any, text: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column.icontains(text, autoescape=True)
    return condition


def _parse_cursor(cursor: str) -> uuid.UUID:
    scan_id = parse_id(cursor)
    if scan_id is None:
        raise InvalidField("cursor", "is not one that a list gave", "Take it from `next` of the page before.")
    return scan_id
