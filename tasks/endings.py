"""Ends an attempt for those who cannot: who must stop now, who was killed, who does not come back."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from tasks.limits import limits_of
from tasks.wake import tell_and_wake
from webapp.live.publisher import publish
from webapp.scans import lifecycle
from webapp.scans.exchange import Exchange, Failure
from webapp.scans.lifecycle import Claim
from webapp.scans.rules import judge
from webapp.scans.states import ErrorCode, Outcome

log = logging.getLogger(__name__)


def hand_back(claim: Claim) -> None:
    """Let another worker go on with the scan, at once; the lease is for those who cannot even do this."""
    try:
        change = lifecycle.hand_back(claim)
    except SQLAlchemyError as error:
        log.warning("left to its lease scan=%s error=%s", claim.scan_id, type(error).__name__)
        return
    if change is not None:
        log.info("handed back, this worker stops scan=%s attempt=%d", claim.scan_id, claim.change.attempt)
        tell_and_wake([change])


def end_overtime(claim: Claim) -> None:
    """Settle an attempt that outlived its limits; whatever it still brings is fenced off."""
    exchange = timed_out(claim, f"The attempt was ended after {claim.elapsed():.0f} s: it did not end by itself.")
    # Nobody is there to send a retry with a countdown: the scheduler will.
    settled = lifecycle.settle(claim, exchange, judge(exchange), longest_countdown=None)
    if settled is not None:
        log.warning("ended in overtime scan=%s attempt=%d", claim.scan_id, claim.change.attempt)
        publish([settled.change])


def is_overtime(claim: Claim) -> bool:
    """Whether it has lasted so long that its worker should have been killed."""
    return claim.elapsed() >= limits_of(claim.policy.attempt_timeout).hard


def timed_out(claim: Claim, message: str) -> Exchange:
    """The exchange of an attempt that was stopped from outside."""
    return Exchange(url=claim.request.url, failure=Failure(Outcome.TIMED_OUT, ErrorCode.TIMEOUT, message))
