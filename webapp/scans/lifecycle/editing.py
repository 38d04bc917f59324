"""Another policy for a scan that no worker holds: its limits move, and with them its next attempt."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select, update

from webapp.database import db, now, transaction
from webapp.scans.change import CHANGE_COLUMNS, Change
from webapp.scans.durations import format_duration
from webapp.scans.errors import ChangedMeanwhile, InvalidField, NotAllowedNow, ScanNotFound
from webapp.scans.lifecycle.next_attempt import asked_wait, chance_of
from webapp.scans.models import Attempt, Scan
from webapp.scans.policy_input import amend_policy
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import State

_STANDING: Select[*tuple[Any, ...]] = (
    select(
        Scan.id,
        Scan.state,
        Scan.revision,
        Scan.policy,
        Scan.attempt,
        Scan.interruptions,
        Scan.created_at,
        Scan.due_at,
        Scan.held_since,
        Attempt.finished_at.label("ended_at"),
        Attempt.status.label("last_status"),
        Attempt.response_headers,
        now().label("clock"),
    )
    .outerjoin(Attempt, and_(Attempt.scan_id == Scan.id, Attempt.number == Scan.attempt))
)  # fmt: skip


def change_policy(
    scan_id: uuid.UUID,
    changes: Mapping[str, Any],
    *,
    revision: int | None = None,
    based_on: str | None = None,
) -> Change:
    """Put these options in the place of the scan's own, as they are written by people and programs.

    ``revision``, and the fingerprint of a policy, are what the change was made for; None where that does not matter.
    The next attempt moves to where the new policy has it; one that is due already stays so. Raises ScanNotFound,
    NotAllowedNow, ChangedMeanwhile, and InvalidField for what cannot be meant or is over already.
    """
    with transaction() as connection:
        row = _read(connection, scan_id, _STANDING.with_for_update(of=Scan))
        _check_base(row, revision, based_on)
        policy, due_at = _amended(row, changes)
        values: dict[str, Any] = {
            "policy": policy,
            "deadline_at": row.created_at + dt.timedelta(seconds=policy.deadline),
            "revision": Scan.revision + 1,
        }
        if due_at != row.due_at:
            # A wake-up that is on its way comes too early or too late: the scheduler sends another one.
            values |= {"due_at": due_at, "sent_at": None}
        statement = update(Scan).where(Scan.id == scan_id).values(values)
        return Change.of(connection.execute(statement.returning(*CHANGE_COLUMNS)).one())


def preview_policy(scan_id: uuid.UUID, changes: Mapping[str, Any]) -> tuple[RetryPolicy, dt.datetime]:
    """What ``change_policy`` would make of it: the policy, and when the next attempt is due. Raises as that does."""
    with db.engine.connect() as connection:
        return _amended(_read(connection, scan_id, _STANDING), changes)


def _read(connection: Connection, scan_id: uuid.UUID, standing: Select[*tuple[Any, ...]]) -> Row[*tuple[Any, ...]]:
    row = connection.execute(standing.where(Scan.id == scan_id)).one_or_none()
    if row is None:
        raise ScanNotFound(str(scan_id))
    if row.state is State.RUNNING:
        raise NotAllowedNow(row.state, "An attempt is running under its policy: change it when the attempt has ended.")
    if row.state.is_terminal:
        raise NotAllowedNow(row.state, "This scan has ended: scan the URL again with another policy instead.")
    return row


def _check_base(row: Row[*tuple[Any, ...]], revision: int | None, based_on: str | None) -> None:
    if revision is not None and revision != row.revision:
        raise ChangedMeanwhile(f"The scan is at revision {row.revision} by now, not {revision}. Read it again.")
    if based_on is not None and based_on != row.policy.fingerprint:
        raise ChangedMeanwhile("Somebody changed this policy meanwhile. Look at it again, and change it from there.")


def _amended(row: Row[*tuple[Any, ...]], changes: Mapping[str, Any]) -> tuple[RetryPolicy, dt.datetime]:
    policy = amend_policy(row.policy, changes)
    made = row.attempt - row.interruptions
    if policy.max_attempts <= made:
        problem = f"{policy.max_attempts} leaves nothing to try: {made} were made"
        raise InvalidField("max_attempts", problem, f"Give {made + 1} or more, or cancel the scan.")
    due_at = _due_at(row, policy, made)
    seconds_left = policy.deadline - (row.clock - row.created_at).total_seconds()
    if seconds_left <= 0:
        lived = format_duration(policy.deadline - seconds_left)
        raise InvalidField("deadline", "would be over already", f"The scan is {lived} old: give more, or cancel it.")
    wait = (due_at - row.clock).total_seconds()
    if wait >= seconds_left:
        problem = f"would be over before the next attempt, which comes in {format_duration(wait)}"
        raise InvalidField("deadline", problem, "Give more, or shorter waits.")
    return policy, due_at


def _due_at(row: Row[*tuple[Any, ...]], policy: RetryPolicy, made: int) -> dt.datetime:
    due_at: dt.datetime = row.due_at
    is_waiting = row.state is State.WAITING and row.held_since is None and due_at > row.clock
    if not is_waiting or row.ended_at is None or made == 0 or _waits_alike(row.policy, policy):
        return due_at
    asked = asked_wait(policy, row.last_status, row.response_headers, at=row.ended_at)
    wait = policy.wait(attempt=made, chance=chance_of(row.id), asked=asked)
    moved: dt.datetime = row.ended_at + dt.timedelta(seconds=wait)
    clock: dt.datetime = row.clock
    return max(moved, clock)


def _waits_alike(one: RetryPolicy, other: RetryPolicy) -> bool:
    """Whether the two differ only in what has no part in a wait."""
    without = {"max_attempts", "deadline", "attempt_timeout", "connect_timeout", "read_timeout", "retry_on"}
    first, second = one.to_json(), other.to_json()
    return all(first[name] == second[name] for name in first.keys() - without)
