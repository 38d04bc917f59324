"""The rows that tell the story of an attempt; written in the transaction that changes its scan."""

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, update

from webapp.scans.exchange import MISSING, Exchange
from webapp.scans.lifecycle.claim import Claim
from webapp.scans.models import ANSWER_TABLE, ATTEMPT_TABLE, Answer, Scan
from webapp.scans.rules import Verdict
from webapp.scans.states import ErrorCode, Outcome

#: Of an answer that was not good only so much is kept: enough to see why.
EXCERPT_BYTES: Final = 64 * 1024
MAX_HEADERS_KEPT: Final = 100

INSERT_ATTEMPT: Final = insert(ATTEMPT_TABLE)
_INSERT_ANSWER: Final = insert(ANSWER_TABLE)
_REPLACE_ANSWER: Final = update(ANSWER_TABLE).where(Answer.scan_id == bindparam("of_scan"))

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


def keep_answer(connection: Connection, claim: Claim, exchange: Exchange, *, is_good: bool) -> None:
    """Put this body in the place of the one before: the good answer whole, any other as an excerpt."""
    body = exchange.body if is_good else exchange.body[:EXCERPT_BYTES]
    is_cut = exchange.is_truncated or len(body) < len(exchange.body)
    values = {
        "attempt": claim.change.attempt,
        "content_type": exchange.content_type[:255],
        "is_json": exchange.json is not MISSING and not is_cut,
        "is_truncated": is_cut,
        "body": body,
    }
    if claim.change.attempt > 1 and connection.execute(_REPLACE_ANSWER, {"of_scan": claim.scan_id, **values}).rowcount:
        return
    connection.execute(_INSERT_ANSWER, {"scan_id": claim.scan_id, **values})
