"""Forgetting: ended scans that were kept long enough go, with their attempts, their answers and the batches they leave
empty."""

import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, delete, exists, select

from webapp.database import now, transaction
from webapp.scans.models import SCAN_TABLE, Batch, Scan


def purge(limit: int, *, keep_seconds: float) -> int:
    """Delete scans that ended longer ago than that, oldest first; how many it were."""
    # Whoever asks about a scan just now is not waited for: it goes with a later step.
    statement = (
        select(Scan.id, Scan.batch_id)
        .where(Scan.finished_at <= now(-keep_seconds))
        .order_by(Scan.finished_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with transaction() as connection:
        found = connection.execute(statement).all()
        batch_ids = {row.batch_id for row in found if row.batch_id}
        _lock(connection, sorted(batch_ids))
        connection.execute(delete(SCAN_TABLE).where(Scan.id.in_([row.id for row in found])))
        is_empty = ~exists().where(Scan.batch_id == Batch.id)
        connection.execute(delete(Batch).where(Batch.id.in_(batch_ids), is_empty))
    return len(found)


def _lock(connection: Connection, batch_ids: Sequence[uuid.UUID]) -> None:
    """Of two who purge a batch's last scans at once, neither would see it empty."""
    connection.execute(select(Batch.id).where(Batch.id.in_(batch_ids)).order_by(Batch.id).with_for_update())
