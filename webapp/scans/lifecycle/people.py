"""What a person may do to a scan that has not ended: cancel it, or have it tried now."""

import uuid
from typing import Any

from sqlalchemy import Connection, Row, select, update

from webapp.database import now, transaction
from webapp.scans.change import CHANGE_COLUMNS, Change
from webapp.scans.errors import NotAllowedNow, ScanNotFound
from webapp.scans.lifecycle.records import CUT_OFF_COLUMNS, INSERT_ATTEMPT, cut_off_values
from webapp.scans.models import Scan
from webapp.scans.sealing import sealer
from webapp.scans.states import Outcome, State, Trigger

_CANCELED = "Canceled by a person."


def cancel(scan_id: uuid.UUID) -> Change:
    """End the scan; a running attempt is fenced off and recorded as canceled. Raises ScanNotFound, NotAllowedNow."""
    with transaction() as connection:
        row = _lock(connection, scan_id)
        if row.state.is_terminal:
            raise NotAllowedNow(row.state, f"This scan has ended ({_words(row.state)}): there is nothing to cancel.")
        if row.state is State.RUNNING:
            values = cut_off_values(row, Outcome.CANCELED, None, "Canceled while it ran.")
            connection.execute(INSERT_ATTEMPT, values)
        return _change(
            connection,
            scan_id,
            state=State.CANCELED,
            token=Scan.token + 1,
            error=_CANCELED,
            error_code=None,
            due_at=None,
            sent_at=None,
            held_since=None,
            held_until=None,
            held_why=None,
            lease_until=None,
            finished_at=now(),
            **sealer().at_end(),
        )


def retry_now(scan_id: uuid.UUID) -> Change:
    """Make the next attempt of a waiting scan due at once. Raises ScanNotFound, NotAllowedNow.

    It counts as sent: the caller publishes the wake-up next.
    """
    with transaction() as connection:
        row = _lock(connection, scan_id)
        if row.state is not State.WAITING:
            raise NotAllowedNow(row.state, _why_no_retry(row.state, is_held=row.held_since is not None))
        return _change(connection, scan_id, state=State.QUEUED, due_at=now(), sent_at=now(), trigger=Trigger.MANUAL)


def _lock(connection: Connection, scan_id: uuid.UUID) -> Row[*tuple[Any, ...]]:
    statement = select(*CUT_OFF_COLUMNS, Scan.held_since).where(Scan.id == scan_id).with_for_update()
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise ScanNotFound(str(scan_id))
    return row


def _change(connection: Connection, scan_id: uuid.UUID, **values: Any) -> Change:
    """The row is locked, so the state that was looked at is still the state that is left."""
    statement = update(Scan).where(Scan.id == scan_id).values(revision=Scan.revision + 1, **values)
    return Change.of(connection.execute(statement.returning(*CHANGE_COLUMNS)).one())


def _why_no_retry(state: State, *, is_held: bool) -> str:
    if state is State.RUNNING:
        return "An attempt is running right now."
    if is_held:
        return "This scan is due and waits for its host, which others ask just now or which is paused."
    if state is State.QUEUED:
        return "This scan is queued already: it starts as soon as a worker is free."
    return f"This scan has ended ({_words(state)}): scan the URL again instead."


def _words(state: State) -> str:
    return state.value.replace("_", " ")
