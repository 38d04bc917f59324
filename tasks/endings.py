"""Ends an attempt for those who cannot: who must stop now, who was killed, who does not come back."""

import logging
from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from tasks.limits import limits_of
from tasks.wake import tell_and_wake
from webapp.live.publisher import publish
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.scans.exchange import Exchange, Failure
from webapp.scans.lifecycle import Claim
from webapp.scans.rules import judge
from webapp.scans.states import ErrorCode, Outcome

log = logging.getLogger(__name__)

_SLACK_SECONDS: Final = 1.0


def hand_back(claims: Sequence[Claim]) -> None:
    """Let other workers go on with the scans, at once; the lease is for those who cannot even do this."""
    # All are committed before any is told of: with the broker away the telling may take all the time that is left.
    changes = [change for change in map(_hand_back, claims) if change is not None]
    tell_and_wake(changes)


def _hand_back(claim: Claim) -> Change | None:
    try:
        change = lifecycle.hand_back(claim)
    except SQLAlchemyError as error:
        log.warning("left to its lease scan=%s error=%s", claim.scan_id, type(error).__name__)
        return None
    if change is not None:
        log.info("handed back, this worker stops scan=%s attempt=%d", claim.scan_id, claim.change.attempt)
    return change


def end_overtime(claim: Claim) -> None:
    """Settle an attempt that outlived its limits; whatever it still brings is fenced off."""
    exchange = timed_out(claim, f"The attempt was ended after {claim.elapsed():.0f} s: it did not end by itself.")
    # Nobody is there to send a retry with a countdown: the scheduler will.
    settled = lifecycle.settle(claim, exchange, judge(exchange, claim.rule), longest_countdown=None)
    if settled is not None:
        log.warning("ended in overtime scan=%s attempt=%d", claim.scan_id, claim.change.attempt)
        publish([settled.change])


def is_overtime(claim: Claim) -> bool:
    """Whether it has lasted so long that its worker should have been killed."""
    # Celery counts from a moment before the claim.
    return claim.elapsed() >= limits_of(claim.policy.attempt_timeout).hard - _SLACK_SECONDS


def timed_out(claim: Claim, message: str) -> Exchange:
    """The exchange of an attempt that was stopped from outside."""
    return Exchange(url=claim.request.url, failure=Failure(Outcome.TIMED_OUT, ErrorCode.TIMEOUT, message))
