"""How much work there is: what runs now, what is due, and what waits; each answered from an index alone."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from webapp.database import db, now
from webapp.scans.counts import Count
from webapp.scans.lifecycle import LONGEST_COUNTDOWN
from webapp.scans.models import IN_LINE, UNSENT, Scan
from webapp.scans.states import State

#: Counting goes so far and no further: what is above is "1,000+", and a question stays cheap.
MAX_COUNTED: Final = 1000

_Counting = Select[int, dt.datetime | None, dt.datetime]


class Running(NamedTuple):
    """A scan whose attempt is under way, and who makes it."""

    id: uuid.UUID
    url: str
    method: str
    attempt: int
    worker: str | None
    attempt_started_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class DueBacklog:
    """Scans that no worker holds: those due now with the longest wait among them, those due later, and those that are
    due and wait in line for their host."""

    due: Count
    oldest_seconds: float
    later: Count
    in_line: Count


def running_now(limit: int) -> list[Running]:
    """The oldest scans first."""
    columns = (Scan.id, Scan.url, Scan.method, Scan.attempt, Scan.worker, Scan.attempt_started_at)
    statement = select(*columns).where(Scan.state == State.RUNNING).order_by(Scan.id).limit(limit)
    return [Running(*row) for row in db.session.execute(statement)]


def due_backlog() -> DueBacklog:
    """Where more are due than are counted, the oldest wait is that of those that were counted."""
    due, oldest, at = db.session.execute(due_statement()).one()
    later, _, _ = db.session.execute(later_statement()).one()
    oldest_seconds = (at - oldest).total_seconds() if oldest else 0.0
    in_line = db.session.execute(in_line_statement()).scalar_one()
    return DueBacklog(_count(due), max(0.0, oldest_seconds), _count(later), _count(in_line))


def due_statement() -> _Counting:
    return _counting(Scan.due_at <= now(), Scan.sent_at.is_not(None))


def later_statement() -> _Counting:
    # Who was woken for later was woken at most a countdown ahead: those sent before that are due, and are not read.
    return _counting(Scan.due_at > now(), Scan.sent_at > now(-LONGEST_COUNTDOWN - 1))


def in_line_statement() -> Select[int]:
    return select(func.count()).select_from(select(Scan.host).where(IN_LINE).limit(MAX_COUNTED + 1).subquery())


def _counting(condition: ColumnElement[bool], was_sent: ColumnElement[bool]) -> _Counting:
    """Count idle scans and find the first due time. Those that were woken and those that were not have an index
    each, and are asked for apart: one question would read the whole table."""
    unsent = _first(condition, UNSENT, Scan.due_at)
    sent = _first(condition, was_sent, Scan.sent_at)
    found = union_all(select(unsent.c.due_at), select(sent.c.due_at)).subquery()
    return select(func.count(), func.min(found.c.due_at), now()).select_from(found)


def _first(condition: ColumnElement[bool], which: ColumnElement[bool], order: Any) -> Any:
    statement = select(Scan.due_at).where(which, Scan.due_at.is_not(None), condition)
    return statement.order_by(order).limit(MAX_COUNTED + 1).subquery()


def _count(found: int) -> Count:
    return Count(min(found, MAX_COUNTED), found > MAX_COUNTED)
