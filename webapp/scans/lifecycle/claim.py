"""A worker's right to one attempt."""

import datetime as dt
import time
import uuid
from dataclasses import dataclass

from sqlalchemy import and_
from sqlalchemy.sql.elements import ColumnElement

from webapp.scans.change import Change
from webapp.scans.exchange import Request
from webapp.scans.models import Scan
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.rules import Rule
from webapp.scans.states import State, Trigger


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to one attempt. It holds the request's secrets: never log it, never send it."""

    change: Change
    request: Request
    policy: RetryPolicy
    rule: Rule
    token: int
    trigger: Trigger
    worker: str
    started_at: dt.datetime
    deadline_at: dt.datetime
    claimed_monotonic: float
    #: Why the request cannot be made at all, if so.
    fault: str | None = None

    @property
    def scan_id(self) -> uuid.UUID:
        return self.change.id

    @property
    def counted_attempts(self) -> int:
        """Attempts so far, this one included, without those that were cut off from our side."""
        return self.change.attempt - self.change.interruptions

    def elapsed(self) -> float:
        """Seconds since the claim."""
        return time.monotonic() - self.claimed_monotonic

    def seconds_left(self) -> float:
        """Until the scan's deadline, by the database's clock at the claim and this process's steady one since."""
        return (self.deadline_at - self.started_at).total_seconds() - self.elapsed()

    @property
    def holds(self) -> ColumnElement[bool]:
        """True of the scan's row as long as nobody else has taken or ended it."""
        return and_(Scan.id == self.scan_id, Scan.token == self.token, Scan.state == State.RUNNING)
