"""How many scans stand in each state: exact at any moment, and read from a handful of rows however many there are."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Select, Uuid, bindparam, delete, func, select, text, union_all

from webapp.database import db, transaction
from webapp.scans.derived import ALL, COUNT_CHANGE_TABLE, ScanCount, ScanCountChange
from webapp.scans.states import State


@dataclass(frozen=True, slots=True)
class Count:
    """How many; ``is_more`` says that there may be more than were counted."""

    value: int
    is_more: bool = False

    def __str__(self) -> str:
        if self.is_more and not self.value:
            return "?"
        return f"{self.value:,}{'+' if self.is_more else ''}"


def count_by_state(batch_id: uuid.UUID | None = None) -> dict[State, int]:
    """Of the batch, or of all; zeros included."""
    return _by_state(db.session.execute(_statement(batch_id)))


def count_active() -> int:
    """Scans that have not ended. Not in the session: who goes on to change them would read what was before."""
    with db.engine.connect() as connection:
        counts = _by_state(connection.execute(_statement(None)))
    return sum(count for state, count in counts.items() if not state.is_terminal)


def _statement(batch_id: uuid.UUID | None) -> Select[*tuple[Any, ...]]:
    folded = select(ScanCount.state, ScanCount.scans).where(ScanCount.scope == (batch_id or ALL))
    changes = select(ScanCountChange.state, ScanCountChange.scans)
    if batch_id is not None:
        changes = changes.where(ScanCountChange.batch_id == batch_id)
    # One statement, so that a change is seen either folded or not, and never both or neither.
    both = union_all(folded, changes).subquery()
    return select(both.c.state, func.sum(both.c.scans)).group_by(both.c.state)


def _by_state(rows: Iterable[Sequence[Any]]) -> dict[State, int]:
    found = {State(state): int(scans) for state, scans in rows}
    return {state: found.get(state, 0) for state in State}


_ADD: Final = text(
    """INSERT INTO scan_count (scope, state, scans) VALUES (:scope, :state, :scans)
    ON CONFLICT (scope, state) DO UPDATE SET scans = scan_count.scans + excluded.scans"""
).bindparams(bindparam("scope", type_=Uuid()), bindparam("scans", type_=BigInteger()))


def fold_counts(limit: int) -> int:
    """Add the changes to the counts; how many were there. Any number may fold at once: each change is taken by one."""
    columns = (ScanCountChange.id, ScanCountChange.batch_id, ScanCountChange.state, ScanCountChange.scans)
    statement = select(*columns).order_by(ScanCountChange.id).limit(limit).with_for_update(skip_locked=True)
    with transaction() as connection:
        changes = connection.execute(statement).all()
        if not changes:
            return 0
        sums: defaultdict[tuple[uuid.UUID, str], int] = defaultdict(int)
        for _, batch_id, state, scans in changes:
            for scope in {ALL, batch_id or ALL}:
                sums[scope, state.value] += scans
        # Sorted, so that two who fold at once lock the counts in one order.
        added = [{"scope": scope, "state": state, "scans": sums[scope, state]} for scope, state in sorted(sums)]
        connection.execute(_ADD, added)
        connection.execute(delete(COUNT_CHANGE_TABLE).where(ScanCountChange.id.in_([change.id for change in changes])))
        # What a purged batch leaves behind.
        connection.execute(delete(ScanCount).where(ScanCount.scans == 0, ScanCount.scope.in_({s for s, _ in sums})))
    return len(changes)
