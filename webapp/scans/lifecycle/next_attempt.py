"""Whether another attempt follows one that was not good, and when: the policy, the server's wish and chance."""

import datetime as dt
import uuid
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from webapp.scans.exchange import Exchange
from webapp.scans.lifecycle.claim import Claim
from webapp.scans.retry_after import retry_after_seconds
from webapp.scans.retry_policy import Chance, GiveUp, RetryPolicy
from webapp.scans.rules import Verdict

#: 202 is how long jobs ask for patience; 429 and 503 are what the header was made for.
_ASKING: Final = frozenset({202, 429, 503, *range(300, 400)})


def chance_of(scan_id: uuid.UUID) -> Chance:
    """The scan's own luck, drawn from its id: it can be asked again, so that nobody has to remember the last wait."""

    def chance(attempt: int) -> float:
        drawn = blake2b(scan_id.bytes + attempt.to_bytes(4, "big"), digest_size=8).digest()
        # As many bits as a float from 0 to below 1 holds exactly.
        return (int.from_bytes(drawn, "big") >> 11) / 2**53

    return chance


def asked_wait(
    policy: RetryPolicy, status: int | None, headers: Iterable[tuple[str, str]], *, at: dt.datetime
) -> float | None:
    """Seconds for which the server asked, if the policy listens; not yet cut to the cap."""
    if not policy.respect_retry_after or status not in _ASKING:
        return None
    return retry_after_seconds(headers, at=at)


def next_wait(claim: Claim, exchange: Exchange) -> float | GiveUp:
    """From now on; ``GiveUp`` when nothing comes any more."""
    if exchange.failure is not None:
        asked = exchange.failure.retry_after
    else:
        at = claim.started_at + dt.timedelta(seconds=claim.elapsed())
        asked = asked_wait(claim.policy, exchange.status, exchange.headers, at=at)
    return claim.policy.next_wait(
        attempt=claim.counted_attempts,
        seconds_left=claim.seconds_left(),
        chance=chance_of(claim.scan_id),
        asked=asked,
    )


def why_not_again(policy: RetryPolicy, exchange: Exchange, verdict: Verdict) -> str | None:
    """What the scan says when its policy does not retry such an attempt; None when it does."""
    if policy.retry_on.covers(verdict.outcome, status=exchange.status, code=verdict.error_code):
        return None
    what = f"HTTP {exchange.status}" if exchange.status and exchange.failure is None else verdict.outcome.value
    return f"Not tried again: {what} is not among what this scan retries. {verdict.error or ''}".rstrip()
