"""What pages and API do alike when somebody asks for something: commit it, wake the workers, tell the pages."""

import uuid
from collections.abc import Sequence

from tasks.wake import wake
from webapp.live.publisher import publish
from webapp.routes.gate import visitor
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.scans.lifecycle import Submission, WakeUp


def submit_and_wake(drafts: Sequence[Draft], batch_name: str | None = None) -> tuple[Submission, bool]:
    """Store the scans, as a batch if it is named; False when they start only once the broker is back."""
    submission = lifecycle.submit(drafts, batch_name=batch_name, by=visitor().name)
    is_awake = wake(submission.wake_ups)
    publish(submission.changes)
    return submission, is_awake


def cancel_and_tell(scan_id: uuid.UUID) -> None:
    """Raises ScanNotFound, NotAllowedNow."""
    publish([lifecycle.cancel(scan_id)])


def retry_and_wake(scan_id: uuid.UUID) -> bool:
    """False when the attempt starts only once the broker is back. Raises ScanNotFound, NotAllowedNow."""
    change = lifecycle.retry_now(scan_id)
    is_awake = wake([WakeUp.after(change)], is_retry=True)
    publish([change])
    return is_awake
