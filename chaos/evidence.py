"""What the database says of the drill's scans, read in the end and past all of the product's own queries."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from chaos.crowd import Sort
from webapp.database import db
from webapp.scans.models import Attempt, Scan
from webapp.scans.states import Outcome, State


@dataclass(frozen=True, slots=True)
class Tried:
    """The row of an attempt."""

    number: int
    outcome: Outcome
    worker: str | None
    started_at: dt.datetime
    finished_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Fate:
    """A scan's row, and those of its attempts in their order."""

    id: uuid.UUID
    url: str
    sort: Sort
    state: State
    revision: int
    attempt: int
    crashes: int
    created_at: dt.datetime
    tried: tuple[Tried, ...]


def read_fates(sorts: Mapping[str, Sort]) -> list[Fate]:
    """One fate for each scan that is there; needs an app context."""
    columns = (Scan.id, Scan.url, Scan.state, Scan.revision, Scan.attempt, Scan.crashes, Scan.created_at)
    tried = _read_tried()
    with db.engine.connect() as connection:
        rows = connection.execute(select(*columns)).all()
    return [Fate(row.id, row.url, sorts[row.url], *row[2:], tuple(tried[row.id])) for row in rows]


def _read_tried() -> dict[uuid.UUID, list[Tried]]:
    columns = (Attempt.number, Attempt.outcome, Attempt.worker, Attempt.started_at, Attempt.finished_at)
    found: dict[uuid.UUID, list[Tried]] = defaultdict(list)
    with db.engine.connect() as connection:
        for row in connection.execute(select(Attempt.scan_id, *columns).order_by(Attempt.number)):
            found[row.scan_id].append(Tried(*row[1:]))
    return found


def count_scans() -> int:
    with db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Scan)) or 0


def count_active() -> int | None:
    """Scans that have not ended; None while the database cannot be asked, because it was just killed."""
    statement = select(func.count()).select_from(Scan).where(Scan.finished_at.is_(None))
    try:
        with db.engine.connect() as connection:
            return connection.scalar(statement) or 0
    except OperationalError:
        return None
