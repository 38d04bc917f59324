"""A committed change of a scan: the facts that news of it carries."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from webapp.scans.models import Scan
from webapp.scans.states import ErrorCode, HoldReason, State

#: What a guarded UPDATE returns, in the order of Change's fields.
CHANGE_COLUMNS: Final = (
    Scan.id,
    Scan.batch_id,
    Scan.revision,
    Scan.state,
    Scan.attempt,
    Scan.policy,
    Scan.interruptions,
    Scan.status,
    Scan.error_code,
    Scan.error,
    Scan.due_at,
    Scan.attempt_started_at,
    Scan.started_at,
    Scan.finished_at,
    Scan.held_since,
    Scan.held_until,
    Scan.held_why,
)


@dataclass(frozen=True, slots=True)
class Change:
    """Where a scan stands after a commit. Holds no header, no body and no URL: news travels in the clear."""

    id: uuid.UUID
    batch_id: uuid.UUID | None
    revision: int
    state: State
    attempt: int
    max_attempts: int
    attempt_timeout: float
    interruptions: int
    status: int | None
    error_code: ErrorCode | None
    error: str | None
    due_at: dt.datetime | None
    attempt_started_at: dt.datetime | None
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    #: In line for its host since then; until then, as far as is known, and for this reason the host is asked nothing.
    held_since: dt.datetime | None
    held_until: dt.datetime | None
    held_why: HoldReason | None

    @classmethod
    def of(cls, row: Sequence[Any]) -> Self:
        """From a row that starts with CHANGE_COLUMNS."""
        values = list(row[: len(CHANGE_COLUMNS)])
        values[5:6] = values[5].max_attempts, values[5].attempt_timeout
        return cls(*values)
