"""Which scans need a wake-up, and the note that it was sent; a wake-up is a hint, so losing one is harmless."""

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from webapp.database import db, now, transaction
from webapp.scans.change import Change
from webapp.scans.models import UNSENT, Scan
from webapp.scans.states import IDLE_STATES


class WakeUp(NamedTuple):
    """Scan X, attempt N may run now, for so many seconds."""

    scan_id: uuid.UUID
    attempt: int
    attempt_timeout: float

    @classmethod
    def after(cls, change: Change) -> "WakeUp":
        """For the attempt that follows this change."""
        return cls(change.id, change.attempt + 1, change.attempt_timeout)


def take_due(limit: int) -> list[WakeUp]:
    """Scans that are due and for which no wake-up was sent; from now on they count as sent."""
    return _take(and_(UNSENT, Scan.due_at <= now()), limit, order=Scan.due_at)


def take_unclaimed(limit: int, *, patience: float) -> list[WakeUp]:
    """Scans whose wake-up has been out for ``patience`` seconds since it was due, unclaimed: they are sent again, those
    first that have waited longest."""
    long_ago = now(-patience)
    return _take(and_(Scan.sent_at <= long_ago, Scan.due_at <= long_ago), limit, order=Scan.sent_at)


def count_unclaimed(limit: int) -> int:
    """Scans that are due, woken and not claimed, at most ``limit``: as many wake-ups should be on their way."""
    found = select(Scan.id).where(Scan.sent_at <= now(), Scan.due_at <= now()).limit(limit).subquery()
    with db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(found)) or 0


def forget_sent(ids: Sequence[uuid.UUID]) -> None:
    """Take back that wake-ups were sent: the broker did not accept them."""
    with transaction() as connection:
        for start in range(0, len(ids), 500):
            chosen = Scan.id.in_(ids[start : start + 500])
            connection.execute(update(Scan).where(chosen, Scan.state.in_(IDLE_STATES)).values(sent_at=None))


def find_wake_ups(connection: Connection, condition: ColumnElement[bool], limit: int, order: Any) -> list[WakeUp]:
    """For the next attempts of such scans; their rows are locked."""
    rows = connection.execute(
        select(Scan.id, Scan.attempt + 1, Scan.policy)
        .where(condition)
        .order_by(order)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [WakeUp(scan_id, attempt, policy.attempt_timeout) for scan_id, attempt, policy in rows]


def mark_sent(connection: Connection, wake_ups: Sequence[WakeUp]) -> None:
    for start in range(0, len(wake_ups), 500):
        ids = [wake_up.scan_id for wake_up in wake_ups[start : start + 500]]
        connection.execute(update(Scan).where(Scan.id.in_(ids)).values(sent_at=now()))


def _take(condition: ColumnElement[bool], limit: int, *, order: Any) -> list[WakeUp]:
    with transaction() as connection:
        found = find_wake_ups(connection, condition, limit, order)
        mark_sent(connection, found)
    return found
