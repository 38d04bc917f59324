"""What pages and API do alike when somebody asks for something: commit it, wake the workers, tell the pages."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app

from tasks.host_gate import get_gate
from tasks.wake import wake
from webapp.limits import Limits
from webapp.live.publisher import publish
from webapp.routes.gate import visitor
from webapp.scans import lifecycle
from webapp.scans.counts import count_active
from webapp.scans.draft import Draft
from webapp.scans.errors import NoRoom
from webapp.scans.filters import Filter
from webapp.scans.host_limits import NO_LIMITS, HostLimits
from webapp.scans.lifecycle import Submission, WakeUp
from webapp.scans.waiting import waiting_ids
from webapp.settings import Settings


def submit_and_wake(
    drafts: Sequence[Draft], batch_name: str | None = None, host_limits: HostLimits = NO_LIMITS
) -> tuple[Submission, bool]:
    """Store the scans, as a batch if it is named; False when they start only once the broker is back."""
    _make_sure_of_room(len(drafts))
    at_once = _least(_ceiling_at_once(), host_limits.at_once)
    submission = lifecycle.submit(
        drafts, batch_name=batch_name, by=visitor().name, host_limits=host_limits, at_once=at_once
    )
    is_awake = wake(submission.wake_ups)
    publish(submission.changes)
    return submission, is_awake


def _make_sure_of_room(count: int) -> None:
    """Raises NoRoom. Two submits at the same moment may both pass: it is a fence, not a quota to the last scan."""
    limits = current_limits()
    if not limits.active:
        return
    active = count_active()
    if active + count > limits.active:
        problem = f"would make {active + count:,} scans that have not ended; this server takes {limits.active:,}"
        raise NoRoom("urls", problem, "Wait until some have ended, or have MAX_ACTIVE raised.")


def current_limits() -> Limits:
    settings: Settings = current_app.extensions["tilldone.settings"]
    return settings.limits


def host_ceiling() -> HostLimits | None:
    """What this installation allows at each host; None where it keeps no limits at all."""
    gate = get_gate()
    return None if gate.is_off else gate.limits


def cancel_and_tell(scan_id: uuid.UUID) -> None:
    """Raises ScanNotFound, NotAllowedNow."""
    publish([lifecycle.cancel(scan_id)])


def retry_and_wake(scan_id: uuid.UUID) -> bool:
    """False when the attempt starts only once the broker is back. Raises ScanNotFound, NotAllowedNow."""
    change = lifecycle.retry_now(scan_id)
    is_awake = wake([WakeUp.after(change)])
    publish([change])
    return is_awake


def retry_all_that_wait(which: Filter) -> int:
    """How many of the filter's scans are due now that waited; the scheduler wakes them."""
    count = 0
    for ids in waiting_ids(which):
        changes = lifecycle.retry_all(ids, at_once=_ceiling_at_once())
        publish(changes)
        count += len(changes)
    return count


def change_policy_and_tell(scan_id: uuid.UUID, changes: Mapping[str, Any], **base: Any) -> None:
    """Raises what ``lifecycle.change_policy`` raises."""
    publish([lifecycle.change_policy(scan_id, changes, **base)])


def _ceiling_at_once() -> int | None:
    ceiling = host_ceiling()
    return ceiling.at_once if ceiling else None


def _least(*limits: int | None) -> int | None:
    return min(filter(None, limits), default=None)
