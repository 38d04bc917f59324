"""What is asked of a batch as a whole: how fast it goes, why its scans failed, and all of them in a row."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import String, cast, func, select

from webapp.database import db, now
from webapp.scans.models import Scan
from webapp.scans.states import ErrorCode, State

PACE_SECONDS: Final = 60
MOST_GROUPS: Final = 8
_STEP: Final = 500
_FAILED: Final = (State.FAILED, State.EXHAUSTED, State.TIMED_OUT, State.ABANDONED)


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Scans of one host that ended for the same cause; ``sample`` is one of them."""

    host: str
    error_code: ErrorCode | None
    status: int | None
    count: int
    sample: Scan


def count_ended_lately(batch_id: uuid.UUID) -> int:
    """How many of its scans ended within PACE_SECONDS."""
    ended = select(func.count()).where(Scan.batch_id == batch_id, Scan.finished_at > now(-PACE_SECONDS))
    return db.session.scalars(ended).one()


def last_end(batch_id: uuid.UUID) -> dt.datetime | None:
    """When the latest of its scans ended so far."""
    return db.session.scalars(select(func.max(Scan.finished_at)).where(Scan.batch_id == batch_id)).one()


def failure_groups(batch_id: uuid.UUID) -> list[FailureGroup]:
    """The largest first, MOST_GROUPS at most."""
    # As text: not every PostgreSQL has a largest uuid.
    sample = func.max(cast(Scan.id, String))
    cause = (Scan.host, Scan.error_code, Scan.status)
    groups = db.session.execute(
        select(*cause, func.count(), sample)
        .where(Scan.batch_id == batch_id, Scan.state.in_(_FAILED))
        .group_by(*cause)
        .order_by(func.count().desc(), Scan.host)
        .limit(MOST_GROUPS)
    ).all()
    chosen = select(Scan).where(Scan.id.in_([uuid.UUID(scan_id) for *_, scan_id in groups]))
    samples = {scan.id: scan for scan in db.session.scalars(chosen)}
    return [
        FailureGroup(host, code, status, count, samples[uuid.UUID(scan_id)])
        for host, code, status, count, scan_id in groups
        if uuid.UUID(scan_id) in samples
    ]


def next_scans(batch_id: uuid.UUID, after: uuid.UUID | None) -> Sequence[Scan]:
    """Some of its scans, in the order of their submit; none at the end."""
    conditions = [Scan.batch_id == batch_id, *([Scan.id > after] if after else [])]
    return db.session.scalars(select(Scan).where(*conditions).order_by(Scan.id).limit(_STEP)).all()
