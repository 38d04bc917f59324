"""Celery's task signals tell the world where a scan stands: each committed revision is published once.

The change travels on what Celery hands to the handlers anyway: the task's return value, or the exception of its
retry. task_prerun tells nothing: it fires before the claim, when a wake-up may still turn out to be stale.
"""

import logging
import uuid
from typing import Any

from billiard.exceptions import TimeLimitExceeded
from celery.exceptions import Retry
from celery.signals import task_failure, task_retry, task_revoked, task_success
from celery.worker.request import Request

from tasks.celery import celery
from tasks.endings import end_overtime
from tasks.scan import NotYet, scan, worker_name
from tasks.signals import change_committed
from tasks.wake import tell_and_wake
from webapp.live.publisher import publish
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.settings import Settings

log = logging.getLogger(__name__)


@change_committed.connect
def _on_commit(change: Change, **_: Any) -> None:
    _tell(change)


@task_retry.connect(sender=scan)
def _on_retry(reason: Retry, **_: Any) -> None:
    if isinstance(reason.exc, NotYet):
        _tell(reason.exc.change)


@task_success.connect(sender=scan)
def _on_success(result: Change | None, **_: Any) -> None:
    if result is not None:
        _tell(result)


@task_failure.connect(sender=scan)
def _on_failure(exception: BaseException, args: tuple[str, int], **_: Any) -> None:
    """The hard limit: the child is dead, so its parent settles the attempt. Celery fires this twice: the second
    time there is no claim left to recall. Any other failure leaves the scan to its lease."""
    if not isinstance(exception, TimeLimitExceeded):
        return
    with celery.flask_app.app_context():
        claim = lifecycle.recall(uuid.UUID(args[0]), args[1])
        if claim is not None:
            end_overtime(claim)


@task_revoked.connect(sender=scan)
def _on_revoked(request: Request, terminated: bool, **_: Any) -> None:
    """Somebody ended the task from outside: its scan goes on at once."""
    if not terminated:
        return
    settings: Settings = celery.flask_app.extensions["tilldone.settings"]
    with celery.flask_app.app_context():
        scan_id, attempt = request.args
        change = lifecycle.interrupt(
            uuid.UUID(scan_id), attempt, worker=worker_name(request.hostname), max_crashes=settings.max_crashes
        )
        if change is not None:
            tell_and_wake([change])


def _tell(change: Change) -> None:
    with celery.flask_app.app_context():
        publish([change])
