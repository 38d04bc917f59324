"""Moves scans as a worker would, by the life cycle and the publisher, in the test's own process and at its own pace."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.factories import GOOD, UNAVAILABLE, URL, a_claim, settle
from webapp.database import db
from webapp.live.publisher import publish
from webapp.scans import lifecycle, queries
from webapp.scans.change import Change
from webapp.scans.draft import Draft
from webapp.scans.exchange import Exchange
from webapp.scans.lifecycle import Claim
from webapp.scans.retry_policy import RetryPolicy


@dataclass
class Moves:
    """Inside of the app's context."""

    _claims: dict[uuid.UUID, Claim] = field(default_factory=dict)

    def submit(
        self, count: int = 1, *, batch: str | None = None, wait_seconds: float = 600, max_attempts: int = 20
    ) -> list[uuid.UUID]:
        """The ids of the scans, newest first; after a bad answer they wait as long as told."""
        policy = RetryPolicy(initial_interval=wait_seconds, max_attempts=max_attempts)
        return self.submit_all([policy] * count, batch=batch)

    def submit_all(self, policies: Sequence[RetryPolicy], *, batch: str | None = None) -> list[uuid.UUID]:
        """One scan for each policy; the last is the newest and the first of the ids."""
        drafts = [Draft(url=f"{URL}/{n}", policy=policy) for n, policy in enumerate(policies)]
        submission = lifecycle.submit(drafts, batch_name=batch)
        publish(submission.changes)
        return sorted((change.id for change in submission.changes), reverse=True)

    def batch_of(self, scan_id: uuid.UUID) -> uuid.UUID:
        """A snapshot that stayed open would make each later commit on SQLite dearer than the one before."""
        batch_id = queries.get_scan(scan_id).batch_id
        db.session.rollback()
        assert batch_id is not None
        return batch_id

    def start(self, scan_id: uuid.UUID, attempt: int = 1) -> Change:
        return self.tell(self.start_unheard(scan_id, attempt))

    def start_unheard(self, scan_id: uuid.UUID, attempt: int = 1) -> Change:
        """The news of it are lost on their way."""
        claim = self._claims[scan_id] = a_claim(scan_id, attempt, lease_seconds=600)
        return claim.change

    def end(self, scan_id: uuid.UUID, exchange: Exchange = GOOD) -> Change:
        return self.tell(self.end_unheard(scan_id, exchange))

    def end_unheard(self, scan_id: uuid.UUID, exchange: Exchange = GOOD) -> Change:
        settled = settle(self._claims.pop(scan_id), exchange)
        assert settled is not None
        return settled.change

    def let_wait(self, scan_id: uuid.UUID) -> Change:
        self.start(scan_id)
        return self.end(scan_id, UNAVAILABLE)

    def expire(self, limit: int) -> int:
        """End so many scans whose deadline is over; returns how many there were."""
        changes = lifecycle.expire(limit)
        publish(changes)
        return len(changes)

    def tell(self, change: Change) -> Change:
        publish([change])
        return change
