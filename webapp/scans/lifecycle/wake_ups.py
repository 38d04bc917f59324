"""Which scans need a wake-up, and the note that it was sent; a wake-up is a hint, so losing one is harmless."""

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.sql.elements import ColumnElement

from webapp.database import db, now, transaction
from webapp.scans.models import Scan
from webapp.scans.states import IDLE_STATES

#: Not min(): each planner takes the first entry of a partial index when it is asked for just that.
_NEXT = select(
    now(),
    select(Scan.due_at)
    .where(Scan.sent_at.is_(None), Scan.due_at.is_not(None))
    .order_by(Scan.due_at)
    .limit(1)
    .scalar_subquery(),
    select(Scan.lease_until).where(Scan.lease_until.is_not(None)).order_by(Scan.lease_until).limit(1).scalar_subquery(),
)


class WakeUp(NamedTuple):
    """Scan X, attempt N may run now."""

    scan_id: uuid.UUID
    attempt: int


def take_due(limit: int) -> list[WakeUp]:
    """Scans that are due and for which no wake-up was sent; from now on they count as sent."""
    return _take(and_(Scan.sent_at.is_(None), Scan.due_at <= now()), limit)


def take_unclaimed(limit: int, *, patience: float) -> list[WakeUp]:
    """Scans whose wake-up has been out for ``patience`` seconds since it was due, unclaimed: they are sent again."""
    long_ago = now(-patience)
    return _take(and_(Scan.sent_at <= long_ago, Scan.due_at <= long_ago), limit)


def seconds_to_next(limit: float) -> float:
    """Until the first unsent scan is due or the first lease is over, by the database's clock; at most ``limit``."""
    with db.engine.connect() as connection:
        clock, *moments = connection.execute(_NEXT).one()
    waits = [(moment - clock).total_seconds() for moment in moments if moment is not None]
    return max(0.0, min([limit, *waits]))


def forget_sent(ids: Sequence[uuid.UUID]) -> None:
    """Take back that wake-ups were sent: the broker did not accept them."""
    with transaction() as connection:
        for start in range(0, len(ids), 500):
            chosen = Scan.id.in_(ids[start : start + 500])
            connection.execute(update(Scan).where(chosen, Scan.state.in_(IDLE_STATES)).values(sent_at=None))


def _take(condition: ColumnElement[bool], limit: int) -> list[WakeUp]:
    with transaction() as connection:
        found = _find(connection, condition, limit)
        for start in range(0, len(found), 500):
            ids = [wake_up.scan_id for wake_up in found[start : start + 500]]
            connection.execute(update(Scan).where(Scan.id.in_(ids)).values(sent_at=now()))
    return found


def _find(connection: Connection, condition: ColumnElement[bool], limit: int) -> list[WakeUp]:
    rows = connection.execute(
        select(Scan.id, Scan.attempt + 1).where(condition).limit(limit).with_for_update(skip_locked=True)
    )
    return [WakeUp(*row) for row in rows]
