"""What a person may do to many scans at once; each call is one step of bounded size."""

import uuid
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, case, select, update

from webapp.database import now, transaction
from webapp.scans.change import CHANGE_COLUMNS, Change
from webapp.scans.models import Scan
from webapp.scans.states import State, Trigger


def retry_all(ids: Sequence[uuid.UUID], *, at_once: int | None) -> list[Change]:
    """Make the next attempts of those of these scans due now that wait for their time; who does not is left alone.

    None counts as sent: the scheduler wakes them, as many at a time as it always does. Of one host only ``at_once`` are
    to be woken, the others stand in line from the first.
    """
    with transaction() as connection:
        found = _locked(connection, ids)
        if not found:
            return []
        in_line = _beyond(found, at_once)
        values = {
            "state": State.QUEUED,
            "due_at": now(),
            "sent_at": None,
            "held_since": case((Scan.id.in_(in_line), now()), else_=None),
            "trigger": Trigger.BULK_RETRY,
            "revision": Scan.revision + 1,
        }
        statement = update(Scan).where(Scan.id.in_([scan_id for scan_id, _ in found])).values(values)
        return [Change.of(row) for row in connection.execute(statement.returning(*CHANGE_COLUMNS))]


def _locked(connection: Connection, ids: Sequence[uuid.UUID]) -> list[tuple[uuid.UUID, str]]:
    # Who is being changed by somebody else is not waited for: he does not wait any more.
    statement = (
        select(Scan.id, Scan.host)
        .where(Scan.id.in_(ids), Scan.state == State.WAITING, Scan.held_since.is_(None))
        .with_for_update(skip_locked=True)
    )
    return [(scan_id, host) for scan_id, host in connection.execute(statement)]


def _beyond(found: Sequence[tuple[uuid.UUID, str]], at_once: int | None) -> list[uuid.UUID]:
    seen: Counter[str] = Counter()
    beyond = []
    for scan_id, host in found:
        seen[host] += 1
        if at_once is not None and seen[host] > at_once:
            beyond.append(scan_id)
    return beyond
