"""The event: what news of a scan looks like on Redis and in a stream, defined once."""

import datetime as dt
import json
from typing import Any, Final

from webapp.scans.change import Change
from webapp.scans.models import Scan

#: The one Redis channel that carries the news of all scans.
CHANNEL: Final = "tilldone:events"


def encode(change: Change) -> bytes:
    """One line of JSON: a newline inside would start a new field of the stream."""
    return json.dumps(to_json(change), separators=(",", ":")).encode()


def to_json(scan: Change | Scan) -> dict[str, Any]:
    """Where a scan stands, as programs see it in the stream and in the API alike."""
    return {
        "id": str(scan.id),
        "batch_id": str(scan.batch_id) if scan.batch_id else None,
        "revision": scan.revision,
        "state": scan.state.value,
        "attempt": scan.attempt,
        "max_attempts": scan.max_attempts,
        "interruptions": scan.interruptions,
        "status": scan.status,
        "error_code": scan.error_code.value if scan.error_code else None,
        "error": scan.error,
        "due_at": format_time(scan.due_at),
        "held_since": format_time(scan.held_since),
        "held_until": format_time(scan.held_until),
        "held_why": scan.held_why.value if scan.held_why else None,
        "attempt_started_at": format_time(scan.attempt_started_at),
        "started_at": format_time(scan.started_at),
        "finished_at": format_time(scan.finished_at),
    }


def format_time(moment: dt.datetime | None) -> str | None:
    """RFC 3339 in UTC, with milliseconds: ``2026-01-31T08:15:00.250Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
