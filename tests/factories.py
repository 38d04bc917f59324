"""Scans in any state, made by the life cycle itself."""

import uuid
from typing import Any

from webapp.database import db
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.scans.exchange import Exchange, Failure
from webapp.scans.host_limits import Shut
from webapp.scans.lifecycle import Claim, Settled, WakeUp
from webapp.scans.models import Scan
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.rules import judge
from webapp.scans.states import ErrorCode, HoldReason, Outcome

URL = "https://target.example/export"
GOOD = Exchange(
    URL,
    200,
    "OK",
    (("Content-Type", "application/json"),),
    "application/json",
    b'{"success": true}',
    json={"success": True},
)
UNAVAILABLE = Exchange(URL, 503, "Service Unavailable", body=b"later")
RESET = Exchange(URL, failure=Failure(Outcome.NETWORK_ERROR, ErrorCode.CONNECTION_RESET, "The connection was reset."))
HOPELESS = Exchange(
    URL, failure=Failure(Outcome.NETWORK_ERROR, ErrorCode.SSL_WRONG_HOST, "The certificate is for another name.", True)
)


def a_scan(url: str = URL, *, headers: dict[str, str] | None = None, **policy: Any) -> uuid.UUID:
    """A queued scan; keywords are fields of its retry policy."""
    draft = Draft(url=url, headers=headers or {}, policy=RetryPolicy(**policy))
    return lifecycle.submit([draft]).changes[0].id


def asked(seconds: float) -> Shut:
    """The host asked to be left alone for so long."""
    return Shut(seconds, HoldReason.ASKED)


def a_claim(scan_id: uuid.UUID, attempt: int = 1, *, lease_seconds: float = 10, worker: str = "w1") -> Claim:
    claim = lifecycle.start(scan_id, attempt, worker=worker, lease_seconds=lease_seconds)
    assert claim is not None, "the attempt was not there to be claimed"
    return claim


def a_wake_up(scan_id: uuid.UUID, attempt: int = 1, *, attempt_timeout: float = 30) -> WakeUp:
    return WakeUp(scan_id, attempt, attempt_timeout)


def settle(claim: Claim, exchange: Exchange) -> Settled | None:
    return lifecycle.settle(claim, exchange, judge(exchange), longest_countdown=60)


def row(scan_id: uuid.UUID) -> Scan:
    """The scan as the database has it now."""
    db.session.rollback()
    scan = db.session.get(Scan, scan_id, populate_existing=True)
    assert scan is not None
    return scan
