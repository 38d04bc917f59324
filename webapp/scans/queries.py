"""Every question that pages and programs ask of the database; nothing here changes a row."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select, union_all
from sqlalchemy.sql.elements import ColumnElement

from webapp.database import db, now
from webapp.scans import counts
from webapp.scans.change import CHANGE_COLUMNS, Change
from webapp.scans.errors import BatchNotFound, InvalidField, ScanNotFound
from webapp.scans.filters import Filter as Filter
from webapp.scans.models import Answer, Attempt, Batch, EarlierAnswer, Scan
from webapp.scans.sealing import Secrets, sealer
from webapp.scans.search import Found, search
from webapp.scans.states import State

MAX_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Scans, newest first; a cursor leads to those before or after them, None where there are none.

    ``searched_to`` is set when a search stopped before it had a whole page: ``older`` leads on from there.
    """

    scans: Sequence[Scan]
    older: str | None
    newer: str | None = None
    searched_to: dt.datetime | None = None


def list_scans(which: Filter, *, limit: int = 50, cursor: str | None = None) -> Page:
    """Page by key: the cursor is the id of the last scan seen, so that new scans never shift a page."""
    limit = max(1, min(limit, MAX_PAGE))
    start = _parse_cursor(cursor) if cursor else None
    if which.term:
        return page_of(search(which, limit=limit + 1, start=start), limit=limit, cursor=cursor)
    below = [] if start is None else [Scan.id < start]
    scans = _listed(which, below, Scan.id.desc(), limit + 1)
    more = len(scans) > limit
    return Page(scans[:limit], str(scans[limit - 1].id) if more else None, cursor and _first_of(scans, cursor))


def list_newer_scans(which: Filter, *, limit: int = 50, cursor: str) -> Page:
    """Those right above the cursor; the newest page where they would not fill one."""
    limit = max(1, min(limit, MAX_PAGE))
    scans = _listed(which, [Scan.id > _parse_cursor(cursor)], Scan.id.asc(), limit + 1)
    if which.term or len(scans) <= limit:
        return list_scans(which, limit=limit)
    scans = scans[limit - 1 :: -1]
    return Page(scans, str(scans[-1].id), str(scans[0].id))


def newest_ids(which: Filter, *, limit: int) -> Sequence[uuid.UUID]:
    """What the newest page of a list would show, without reading more of it."""
    if which.term:
        return [match.id for match in search(which, limit=limit).matches]
    return _listed(which, [], Scan.id.desc(), limit, of=Scan.id)


def page_of(found: Found, *, limit: int, cursor: str | None) -> Page:
    """Of a search for one scan more than the page holds."""
    scans = get_scans([match.id for match in found.matches[:limit]])
    if len(found.matches) > limit:
        return Page(scans, str(found.matches[limit - 1].id), cursor and _first_of(scans, cursor))
    if found.stopped_at is None:
        return Page(scans, None, cursor and _first_of(scans, cursor))
    return Page(scans, str(found.stopped_at), cursor and _first_of(scans, cursor), created_at(found.stopped_at))


def count_by_state(which: Filter) -> dict[State, int]:
    """How many scans of the batch, or of all, stand in each state, zeros included; of the filter only that counts."""
    return counts.count_by_state(which.batch_id)


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


def get_changed_scans(known: Mapping[uuid.UUID, int | None]) -> Sequence[Scan]:
    """Those whose revision is another than the one that is known, newest first; at most MAX_PAGE are looked at."""
    chosen = Scan.id.in_([*known][:MAX_PAGE])
    revisions = db.session.execute(select(Scan.id, Scan.revision).where(chosen))
    changed = [scan_id for scan_id, revision in revisions if revision != known[scan_id]]
    return get_scans(changed) if changed else []


def get_changes(ids: Sequence[uuid.UUID]) -> Sequence[Change]:
    """How those of the scans stand that exist, as news would tell it."""
    return [Change.of(row) for row in db.session.execute(select(*CHANGE_COLUMNS).where(Scan.id.in_(ids)))]


def get_attempts(scan_id: uuid.UUID) -> Sequence[Attempt]:
    """Those that have ended, first to last; the one that is running is described by the scan itself."""
    return db.session.scalars(select(Attempt).where(Attempt.scan_id == scan_id).order_by(Attempt.number)).all()


def get_answer(scan_id: uuid.UUID) -> Answer | None:
    return db.session.get(Answer, scan_id)


def dropped_bytes(scan: Scan, attempts: Sequence[Attempt]) -> int:
    """Of a scan that has ended and has no answer: how much its last answer was, before it was dropped to make room."""
    if not scan.state.is_terminal:
        return 0
    return next((attempt.size for attempt in reversed(attempts) if attempt.size), 0)


def get_earlier_answers(scan_id: uuid.UUID) -> Sequence[EarlierAnswer]:
    """Those that are kept of the ones that others took the place of."""
    return db.session.scalars(select(EarlierAnswer).where(EarlierAnswer.scan_id == scan_id)).all()


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


def created_at(scan_id: uuid.UUID) -> dt.datetime:
    """The millisecond that an id of version 7 begins with."""
    return dt.datetime.fromtimestamp((scan_id.int >> 80) / 1000, dt.UTC)


def _listed(
    which: Filter, beyond: list[ColumnElement[bool]], order: Any, limit: int, *, of: Any = Scan
) -> Sequence[Any]:
    """The scans, or their column ``of``."""
    conditions = [*which.listed, *beyond]
    if which.batch_id is None or which.state is not None:
        return db.session.scalars(select(of).where(*conditions).order_by(order).limit(limit)).all()
    # The index of a batch's scans is in the order of their states: the first ones of each are among the first of all.
    parts = [select(Scan.id).where(*conditions, Scan.state == state).order_by(order).limit(limit) for state in State]
    ids = union_all(*(select(part.subquery().c.id) for part in parts)).subquery()
    return db.session.scalars(select(of).where(Scan.id.in_(select(ids.c.id))).order_by(order).limit(limit)).all()


def _first_of(scans: Sequence[Scan], cursor: str) -> str:
    """Where those newer than this page begin."""
    return str(scans[0].id) if scans else cursor


def _parse_cursor(cursor: str) -> uuid.UUID:
    scan_id = parse_id(cursor)
    if scan_id is None:
        raise InvalidField("cursor", "is not one that a list gave", "Take it from `next` of the page before.")
    return scan_id
