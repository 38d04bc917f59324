"""A scan, an attempt and a batch as programs see them."""

from typing import Any

from webapp.live import events
from webapp.live.events import format_time
from webapp.routes.changes import Changes
from webapp.scans.models import Attempt, Batch, Scan
from webapp.scans.states import State


def scan_json(scan: Scan) -> dict[str, Any]:
    """What news of the scan says, and what never changes."""
    return {
        **events.to_json(scan),
        "url": scan.url,
        "method": scan.method,
        "submitted_by": scan.submitted_by,
        "created_at": format_time(scan.created_at),
        "deadline_at": format_time(scan.deadline_at),
    }


def attempt_json(attempt: Attempt, resumed_after: float | None, changes: Changes) -> dict[str, Any]:
    """``resumed_after`` are the seconds from an interruption to the next attempt."""
    return {
        "number": attempt.number,
        "outcome": attempt.outcome.value,
        "trigger": attempt.trigger.value,
        "worker": attempt.worker,
        "started_at": format_time(attempt.started_at),
        "finished_at": format_time(attempt.finished_at),
        "status": attempt.status,
        "error_code": attempt.error_code.value if attempt.error_code else None,
        "error": attempt.error,
        "final_url": attempt.final_url,
        "content_type": attempt.content_type,
        "size": attempt.size,
        "phases": attempt.phases,
        "conditions": attempt.conditions,
        "answer_digest": attempt.answer_digest,
        "changes": [line.to_json() for line in changes.lines],
        "resumed_after": resumed_after,
    }


def batch_json(batch: Batch, counts: dict[State, int]) -> dict[str, Any]:
    return {
        "id": str(batch.id),
        "name": batch.name,
        "total": batch.total,
        "host_concurrency": batch.host_concurrency,
        "host_starts_per_second": batch.host_starts_per_second,
        "counts": {state.value: count for state, count in counts.items()},
        "created_at": format_time(batch.created_at),
    }
