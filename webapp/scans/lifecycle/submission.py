"""Submit: from this commit on nothing can lose the scan."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select
from uuid_utils.compat import uuid7

from webapp.database import now, transaction
from webapp.scans.change import CHANGE_COLUMNS, Change
from webapp.scans.draft import Draft
from webapp.scans.lifecycle.wake_ups import WakeUp
from webapp.scans.models import SCAN_TABLE, Batch, Scan


@dataclass(frozen=True, slots=True)
class Submission:
    """What was stored: the batch, if it is one, and each scan as it stands."""

    batch_id: uuid.UUID | None
    changes: Sequence[Change]

    @property
    def wake_ups(self) -> list[WakeUp]:
        return [WakeUp(change.id, change.attempt + 1) for change in self.changes]


def submit(drafts: Sequence[Draft], *, batch_name: str | None = None) -> Submission:
    """Store the scans in one transaction, as one batch when ``batch_name`` is given (it may be empty).

    They count as sent: the caller publishes their wake-ups next, or takes that back with ``forget_sent``.
    """
    with transaction() as connection:
        batch_id = None if batch_name is None else _insert_batch(connection, batch_name, len(drafts))
        rows = [_row(draft, batch_id) for draft in drafts]
        if rows:
            connection.execute(_INSERT, rows)
        changes = _read_back(connection, batch_id, [row["id"] for row in rows])
    return Submission(batch_id, changes)


_INSERT = insert(SCAN_TABLE).values(sent_at=now(), deadline_at=now(bindparam("deadline_seconds")))


def _insert_batch(connection: Connection, name: str, total: int) -> uuid.UUID:
    batch_id = uuid7()
    connection.execute(insert(Batch).values(id=batch_id, name=name[:200], total=total))
    return batch_id


def _row(draft: Draft, batch_id: uuid.UUID | None) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "batch_id": batch_id,
        "url": draft.url,
        "host": draft.host,
        "method": draft.method,
        "headers": dict(draft.headers),
        "body": draft.body,
        "policy": draft.policy,
        "deadline_seconds": draft.policy.deadline,
    }


def _read_back(connection: Connection, batch_id: uuid.UUID | None, ids: list[uuid.UUID]) -> list[Change]:
    # A batch is found by its one id: ten thousand parameters would be more than SQLite takes.
    chosen = Scan.batch_id == batch_id if batch_id is not None else Scan.id.in_(ids)
    rows = connection.execute(select(*CHANGE_COLUMNS).where(chosen).order_by(Scan.id))
    return [Change.of(row) for row in rows]
