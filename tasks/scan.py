"""The scanner task: one attempt of one scan."""

import logging
import time
import uuid
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Task
from celery.exceptions import Reject
from flask import current_app

from tasks.celery import HARD_TIME_LIMIT, SCAN_TASK, SOFT_TIME_LIMIT, celery
from tasks.fetch import fetch
from tasks.heartbeat import keep_alive
from tasks.priorities import RETRY_PRIORITY
from tasks.signals import change_committed
from tasks.wake import tell_and_wake
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.scans.exchange import Exchange, Failure
from webapp.scans.lifecycle import Claim, Settled
from webapp.scans.rules import judge
from webapp.scans.states import ErrorCode, Outcome
from webapp.settings import Settings

log = logging.getLogger(__name__)


class NotYet(Exception):
    """The attempt was not good and another one follows; carries the committed change to the signal handlers."""

    def __init__(self, change: Change) -> None:
        self.change = change
        super().__init__(change)

    def __str__(self) -> str:
        return f"not yet scan={self.change.id} attempt={self.change.attempt}"


@celery.task(
    bind=True,
    name=SCAN_TASK,
    acks_late=True,
    reject_on_worker_lost=True,
    soft_time_limit=SOFT_TIME_LIMIT,
    time_limit=HARD_TIME_LIMIT,
    max_retries=None,
    ignore_result=True,
)
def scan(self: Task, scan_id: str, attempt: int) -> Change | None:
    """Make attempt number ``attempt`` if it is still to be made; returns the change that ended it.

    The message is only a hint: whether there is anything to do, the claim tells.
    """
    settings: Settings = current_app.extensions["tilldone.settings"]
    claim = lifecycle.start(
        uuid.UUID(scan_id), attempt, worker=_worker_name(self), lease_seconds=settings.lease_seconds
    )
    if claim is None:
        log.debug("nothing to do scan=%s attempt=%d", scan_id, attempt)
        return None
    change_committed.send(sender=self, change=claim.change)
    settled = _attempt(claim, settings)
    if settled is None:
        log.warning("fenced off, somebody else has the scan scan=%s attempt=%d", scan_id, attempt)
        return None
    if settled.countdown is not None:
        _retry(self, settled)
    return settled.change


def _worker_name(task: Task) -> str:
    return str(task.request.hostname or "unknown")[:255]


def _attempt(claim: Claim, settings: Settings) -> Settled | None:
    with keep_alive(claim, lease_seconds=settings.lease_seconds):
        try:
            exchange = _fetch(claim)
        except BaseException:
            # This process is told to stop, by SystemExit or its like: another one shall go on without waiting.
            _hand_back(claim)
            raise
        settled = lifecycle.settle(claim, exchange, judge(exchange))
    log.info(
        "Tried %d times - Status: %s - %s",
        claim.change.attempt,
        exchange.status if exchange.failure is None else exchange.failure.code.value,
        time.strftime("%H:%M:%S"),
    )
    return settled


def _fetch(claim: Claim) -> Exchange:
    """The exchange, whatever happens in it; an attempt never lasts past the scan's deadline."""
    timeout = min(claim.policy.attempt_timeout, max(claim.seconds_left(), 0.1))
    try:
        return fetch(claim.request, timeout=timeout)
    except SoftTimeLimitExceeded:
        return timed_out(claim, f"The attempt was stopped after {SOFT_TIME_LIMIT} s.")
    except Exception:
        # A fault of ours must not leave the scan to the lease: it is an attempt that failed, and it is retried.
        log.exception("attempt failed by a fault of ours scan=%s", claim.scan_id)
        failure = Failure(Outcome.NETWORK_ERROR, ErrorCode.UNKNOWN, "The attempt failed by a fault of Tilldone's own.")
        return Exchange(url=claim.request.url, failure=failure)


def _hand_back(claim: Claim) -> None:
    change = lifecycle.hand_back(claim)
    if change is not None:
        log.info("handed back, this worker stops scan=%s attempt=%d", claim.scan_id, claim.change.attempt)
        tell_and_wake([change])


def timed_out(claim: Claim, message: str) -> Exchange:
    """The exchange of an attempt that was stopped from outside."""
    return Exchange(url=claim.request.url, failure=Failure(Outcome.TIMED_OUT, ErrorCode.TIMEOUT, message))


def _retry(task: Task, settled: Settled) -> Any:
    """Leave the next wake-up to Celery; the row already says when the attempt is due."""
    change = settled.change
    try:
        raise task.retry(
            args=(str(change.id), change.attempt + 1),
            kwargs={},
            countdown=settled.countdown,
            exc=NotYet(change),
            priority=RETRY_PRIORITY,
        )
    except Reject:
        # The broker is away: the scheduler will send the wake-up, and task_retry will not tell of the change.
        lifecycle.forget_sent([change.id])
        change_committed.send(sender=task, change=change)
        raise
