"""The rows that tell the story of an attempt; written in the transaction that changes its scan."""

from typing import Any, Final

from sqlalchemy import Row, insert

from webapp.scans.exchange import Exchange
from webapp.scans.lifecycle.answers import digest_of
from webapp.scans.lifecycle.claim import Claim
from webapp.scans.models import ATTEMPT_TABLE, Scan
from webapp.scans.rules import Verdict
from webapp.scans.states import ErrorCode, Outcome

MAX_HEADERS_KEPT: Final = 100

INSERT_ATTEMPT: Final = insert(ATTEMPT_TABLE)

#: What must be read of a running scan to record that its attempt was cut off.
CUT_OFF_COLUMNS: Final = (
    Scan.id,
    Scan.state,
    Scan.attempt,
    Scan.crashes,
    Scan.token,
    Scan.trigger,
    Scan.worker,
    Scan.attempt_started_at,
    Scan.lease_until,
)


def attempt_values(claim: Claim, exchange: Exchange, verdict: Verdict) -> dict[str, Any]:
    """The row of an attempt that came to its own end."""
    return {
        "scan_id": claim.scan_id,
        "number": claim.change.attempt,
        "outcome": verdict.outcome,
        "trigger": claim.trigger,
        "worker": claim.worker,
        "started_at": claim.started_at,
        "status": exchange.status,
        "reason": exchange.reason[:100] or None,
        "error_code": verdict.error_code,
        "error": verdict.error,
        "final_url": exchange.url if exchange.redirects else None,
        "content_type": exchange.content_type[:255] or None,
        "size": len(exchange.body) if exchange.status is not None else None,
        "answer_digest": digest_of(exchange),
        "phases": {phase: round(ms, 2) for phase, ms in exchange.phases.items()},
        "response_headers": [list(pair) for pair in exchange.headers[:MAX_HEADERS_KEPT]],
        "conditions": [condition.to_json() for condition in verdict.conditions],
    }


def cut_off_values(row: Row[*tuple[Any, ...]], outcome: Outcome, code: ErrorCode | None, error: str) -> dict[str, Any]:
    """The row of a running attempt that somebody else ended; ``row`` holds CUT_OFF_COLUMNS."""
    return {
        "scan_id": row.id,
        "number": row.attempt,
        "outcome": outcome,
        "trigger": row.trigger,
        "worker": row.worker,
        "started_at": row.attempt_started_at,
        "error_code": code,
        "error": error,
    }
