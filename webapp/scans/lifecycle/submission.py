"""Submit: from this commit on nothing can lose the scan."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select
from uuid_utils.compat import uuid7

from webapp.database import now, transaction
from webapp.scans.change import Change
from webapp.scans.draft import Draft
from webapp.scans.host_limits import NO_LIMITS, HostLimits
from webapp.scans.lifecycle.wake_ups import WakeUp
from webapp.scans.models import SCAN_TABLE, Batch
from webapp.scans.sealing import sealer
from webapp.scans.states import State


@dataclass(frozen=True, slots=True)
class Submission:
    """What was stored: the batch, if it is one, and each scan as it stands."""

    batch_id: uuid.UUID | None
    changes: Sequence[Change]

    @property
    def wake_ups(self) -> list[WakeUp]:
        return [WakeUp.after(change) for change in self.changes if change.held_since is None]


def submit(
    drafts: Sequence[Draft],
    *,
    batch_name: str | None = None,
    by: str | None = None,
    host_limits: HostLimits = NO_LIMITS,
    at_once: int | None = None,
) -> Submission:
    """Store the scans in one transaction, as one batch when ``batch_name`` is given (it may be empty).

    They count as sent: the caller publishes their wake-ups next, or takes that back with ``forget_sent``. But of those
    with one host only ``at_once`` are to be woken; the others stand in line from the first: ten thousand wake-ups, for
    each of which there is nothing to do yet, would be in everybody's way. Raises InvalidField for headers or a body
    that this server has no key to seal with.
    """
    with transaction() as connection:
        # The database's clock is read once: so that what is told is what was stored, without reading it back.
        moment = connection.execute(select(now())).scalar_one()
        batch_id = (
            None if batch_name is None else _insert_batch(connection, batch_name, host_limits, len(drafts), moment)
        )
        rows = [_row(draft, batch_id, moment, by) for draft in drafts]
        if at_once is not None:
            _line_up(rows, at_once, moment)
        if rows:
            connection.execute(_INSERT, rows)
    return Submission(batch_id, [_change(row) for row in rows])


_INSERT = insert(SCAN_TABLE)


def _insert_batch(
    connection: Connection, name: str, host_limits: HostLimits, total: int, moment: dt.datetime
) -> uuid.UUID:
    batch_id = uuid7()
    own = {"host_concurrency": host_limits.concurrency, "host_starts_per_second": host_limits.starts_per_second}
    values = {"id": batch_id, "name": name[:200], "total": total, "created_at": moment}
    connection.execute(insert(Batch).values({**values, **own}))
    return batch_id


def _line_up(rows: Sequence[dict[str, Any]], at_once: int, moment: dt.datetime) -> None:
    of_host: Counter[str] = Counter()
    for row in rows:
        of_host[row["host"]] += 1
        if of_host[row["host"]] > at_once:
            row |= {"sent_at": None, "held_since": moment}


def _row(draft: Draft, batch_id: uuid.UUID | None, moment: dt.datetime, by: str | None) -> dict[str, Any]:
    scan_id = uuid7()
    return {
        "id": scan_id,
        "batch_id": batch_id,
        "url": draft.url,
        "host": draft.host,
        "method": draft.method,
        "sealed": sealer().seal(scan_id, draft.secrets),
        "policy": draft.policy,
        "submitted_by": by,
        "rule": draft.rule,
        "created_at": moment,
        "due_at": moment,
        "sent_at": moment,
        "held_since": None,
        "deadline_at": moment + dt.timedelta(seconds=draft.policy.deadline),
    }


def _change(row: dict[str, Any]) -> Change:
    return Change(
        id=row["id"],
        batch_id=row["batch_id"],
        revision=1,
        state=State.QUEUED,
        attempt=0,
        max_attempts=row["policy"].max_attempts,
        attempt_timeout=row["policy"].attempt_timeout,
        interruptions=0,
        status=None,
        error_code=None,
        error=None,
        due_at=row["due_at"],
        attempt_started_at=None,
        started_at=None,
        finished_at=None,
        held_since=row["held_since"],
        held_until=None,
        held_why=None,
    )
