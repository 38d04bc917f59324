"""The scanner task: one attempt of one scan."""

import logging
import time
import uuid
from typing import Any, Final, NoReturn

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Task
from celery.exceptions import Reject
from celery.worker import state
from flask import current_app

from tasks.asking import ask
from tasks.cancellation import Cancellation
from tasks.celery import SCAN_TASK, celery
from tasks.counters import Counter, count
from tasks.database_away import AWAY, patiently
from tasks.endings import end_overtime, hand_back, is_overtime, timed_out
from tasks.heartbeat import keep_alive
from tasks.host_place import Place, ask_for_place
from tasks.limits import HARD_TIME_LIMIT, SOFT_TIME_LIMIT, limits_of
from tasks.signals import change_committed
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.scans.exchange import Exchange, Failure, Timeouts
from webapp.scans.lifecycle import Claim, Settled
from webapp.scans.rules import judge
from webapp.scans.states import ErrorCode, Outcome
from webapp.settings import Settings

log = logging.getLogger(__name__)

_STOPPING_PAUSE_SECONDS: Final = 0.2


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
    if state.should_stop is not None:
        _leave_to_others()
    place = ask_for_place(uuid.UUID(scan_id), attempt)
    if isinstance(place, Change):
        return place
    claim = None if place is None else _claim_at(place, self, uuid.UUID(scan_id), attempt)
    if place is None or claim is None:
        log.debug("nothing to do scan=%s attempt=%d", scan_id, attempt)
        count(Counter.NEEDLESS)
        return None
    try:
        change_committed.send(sender=self, change=claim.change)
        settled = _attempt(claim, place, settings)
    finally:
        place.leave_untold()
    if settled is None:
        return None
    if settled.countdown is not None:
        _retry(self, settled)
    return settled.change


def _leave_to_others() -> NoReturn:
    """A worker of threads or greenlets still takes messages for a moment after it was told to stop."""
    # It may take this one again and again until it has stopped.
    time.sleep(_STOPPING_PAUSE_SECONDS)
    raise Reject("this worker stops", requeue=True)


def _claim_at(place: Place, task: Task, scan_id: uuid.UUID, attempt: int) -> Claim | None:
    claim = None
    try:
        claim = _claim(task, scan_id, attempt)
    finally:
        if claim is None:
            place.leave_unused()
    return claim


def _claim(task: Task, scan_id: uuid.UUID, attempt: int) -> Claim | None:
    """A claim may be repeated: if the first one did stand, the second finds nothing, and the lease runs out."""
    settings: Settings = current_app.extensions["tilldone.settings"]
    worker = worker_name(task.request.hostname)
    return patiently(lambda: lifecycle.start(scan_id, attempt, worker=worker, lease_seconds=settings.lease_seconds))


def worker_name(hostname: str | None) -> str:
    """As the scan's row has it."""
    return str(hostname or "unknown")[:255]


def _attempt(claim: Claim, place: Place, settings: Settings) -> Settled | None:
    with keep_alive(claim, place, lease_seconds=settings.lease_seconds) as cancellation:
        try:
            exchange = _fetch(claim, place, cancellation)
            place.leave(exchange)
            if cancellation.is_set:
                log.info("given up, its claim is lost scan=%s attempt=%d", claim.scan_id, claim.change.attempt)
                return None
            settled = _settle(claim, exchange)
        except SoftTimeLimitExceeded:
            end_overtime(claim)
            return None
        except BaseException:
            # This process is told to stop, by SystemExit or its like: another one shall go on without waiting.
            if is_overtime(claim):
                end_overtime(claim)
            else:
                hand_back([claim])
            raise
    if settled is None:
        log.warning("fenced off, somebody else has the scan scan=%s attempt=%d", claim.scan_id, claim.change.attempt)
        count(Counter.FENCED)
        return None
    log.info(
        "Tried %d times - Status: %s - %s",
        claim.change.attempt,
        exchange.status if exchange.failure is None else exchange.failure.code.value,
        time.strftime("%H:%M:%S"),
    )
    return settled


def _fetch(claim: Claim, place: Place, cancellation: Cancellation) -> Exchange:
    """The exchange, whatever happens in it; an attempt never lasts past the scan's deadline."""
    if claim.fault is not None:
        failure = Failure(Outcome.REFUSED, ErrorCode.INVALID_REQUEST, claim.fault, is_permanent=True)
        return Exchange(claim.request.url, failure=failure)
    timeouts = _timeouts(claim)
    try:
        return ask(claim.request, place, timeout=timeouts, cancellation=cancellation)
    except SoftTimeLimitExceeded:
        return timed_out(claim, f"The attempt was stopped after {claim.elapsed():.0f} s: it did not end by itself.")
    except Exception:
        # A fault of ours must not leave the scan to the lease: it is an attempt that failed, and it is retried.
        log.exception("attempt failed by a fault of ours scan=%s", claim.scan_id)
        return _faulty(claim, "The attempt failed by a fault of Tilldone's own.")


def _timeouts(claim: Claim) -> Timeouts:
    policy = claim.policy
    total = min(policy.attempt_timeout, max(claim.seconds_left(), 0.1))
    return Timeouts(total, policy.connect_timeout, policy.read_timeout)


def _settle(claim: Claim, exchange: Exchange) -> Settled | None:
    try:
        return patiently(lambda: _write(claim, exchange))
    except (*AWAY, SoftTimeLimitExceeded):
        raise
    except Exception:
        # Whatever it is in the answer that cannot be judged or stored would come again with each attempt that is
        # cut off here: so it ends as an attempt that failed.
        log.exception("answer not stored scan=%s", claim.scan_id)
        faulty = _faulty(claim, "The answer could not be stored, by a fault of Tilldone's own.")
        return _write(claim, faulty)


def _write(claim: Claim, exchange: Exchange) -> Settled | None:
    return lifecycle.settle(
        claim, exchange, judge(exchange, claim.rule), longest_countdown=celery.broker.longest_countdown
    )


def _faulty(claim: Claim, message: str) -> Exchange:
    return Exchange(claim.request.url, failure=Failure(Outcome.NETWORK_ERROR, ErrorCode.UNKNOWN, message))


def _retry(task: Task, settled: Settled) -> Any:
    """Leave the next wake-up to Celery; the row already says when the attempt is due."""
    change = settled.change
    limits = limits_of(change.attempt_timeout)
    try:
        raise task.retry(
            args=(str(change.id), change.attempt + 1),
            kwargs={},
            countdown=settled.countdown,
            exc=NotYet(change),
            # Not those of this attempt: its policy may be another one by now.
            soft_time_limit=limits.soft,
            time_limit=limits.hard,
            priority=celery.broker.retry_priority,
        )
    except Reject:
        # The broker is away: the scheduler will send the wake-up, and task_retry will not tell of the change.
        lifecycle.forget_sent([change.id])
        change_committed.send(sender=task, change=change)
        raise
