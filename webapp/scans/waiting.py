"""The scans of a filter that wait for their next attempt, in steps of bounded size: for who asks them to go now."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import func, select

from webapp.database import db
from webapp.scans.counts import Count
from webapp.scans.filters import Filter
from webapp.scans.models import Scan
from webapp.scans.search import search
from webapp.scans.states import State

#: Scans of one step: a transaction of some milliseconds.
STEP: Final = 500
#: More than this are not counted, and not taken by one request.
MOST: Final = 50_000


def waiting_ids(which: Filter) -> Iterator[Sequence[uuid.UUID]]:
    """Newest first, at most MOST; each scan once, also if it waits again before the end."""
    which = replace(which, state=State.WAITING)
    start: uuid.UUID | None = None
    left = MOST
    while left > 0:
        ids, start = _step(which, start, min(STEP, left))
        if ids:
            yield ids
        left -= len(ids)
        if start is None:
            return


def count_waiting(which: Filter) -> Count:
    """Those that ``waiting_ids`` would give; a text is searched for, scan by scan."""
    if which.term:
        found = sum(len(ids) for ids in waiting_ids(which))
        return Count(found, found >= MOST)
    which = replace(which, state=State.WAITING)
    some = select(Scan.id).where(*which.listed, Scan.held_since.is_(None)).limit(MOST + 1).subquery()
    found = db.session.scalar(select(func.count()).select_from(some)) or 0
    return Count(min(found, MOST), found > MOST)


def _step(which: Filter, start: uuid.UUID | None, limit: int) -> tuple[Sequence[uuid.UUID], uuid.UUID | None]:
    """The ids, and the one from which the next step goes on; None at the end."""
    if which.term:
        found = search(which, limit=limit, start=start)
        return [match.id for match in found.matches], found.stopped_at
    below = [] if start is None else [Scan.id < start]
    statement = select(Scan.id).where(*which.listed, Scan.held_since.is_(None), *below)
    ids = db.session.scalars(statement.order_by(Scan.id.desc()).limit(limit)).all()
    return ids, ids[-1] if len(ids) == limit else None
