"""What the scheduler asks first: what time it is, and when it is wanted next."""

import datetime as dt
from typing import Any, NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.sql.elements import ColumnElement

from webapp.database import db, now
from webapp.scans.derived import ScanCountChange, SearchTodo
from webapp.scans.models import IN_LINE, UNSENT, Scan


class Outlook(NamedTuple):
    """The database's clock, and of all scans the earliest of each: a wake-up to send, one that was sent and not
    claimed, the end of a lease, a deadline. ``held_since`` is that of some scan that waits in line for its host.

    None where there is none. A wake-up may have been sent for later; a deadline may be that of a running scan, which
    its worker keeps. ``finished_at`` is the end that is longest ago.
    """

    clock: dt.datetime
    due_at: dt.datetime | None
    sent_at: dt.datetime | None
    lease_until: dt.datetime | None
    deadline_at: dt.datetime | None
    held_since: dt.datetime | None
    finished_at: dt.datetime | None
    has_changed_counts: bool
    has_unindexed: bool

    def has_come(self, moment: dt.datetime | None) -> bool:
        return moment is not None and moment <= self.clock

    def seconds_until(self, moment: dt.datetime | None) -> float:
        """Below zero when it is past; endless where there is none."""
        return float("inf") if moment is None else (moment - self.clock).total_seconds()


def _earliest(column: Any, *conditions: ColumnElement[bool]) -> Any:
    """Each is the first entry of the partial index with these conditions."""
    return select(column).where(*conditions).order_by(column).limit(1).scalar_subquery()


_OUTLOOK = select(
    now(),
    _earliest(Scan.due_at, UNSENT),
    _earliest(Scan.sent_at, Scan.sent_at.is_not(None)),
    _earliest(Scan.lease_until, Scan.lease_until.is_not(None)),
    _earliest(Scan.deadline_at, Scan.finished_at.is_(None)),
    select(Scan.held_since).where(IN_LINE).limit(1).scalar_subquery(),
    _earliest(Scan.finished_at, Scan.finished_at.is_not(None)),
    exists().select_from(ScanCountChange),
    exists().select_from(SearchTodo),
)


def look_ahead() -> Outlook:
    with db.engine.connect() as connection:
        return Outlook(*connection.execute(_OUTLOOK).one())
