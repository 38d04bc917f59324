"""A pool child that died leaves its scan running: its parent knows at once, and need not wait for the lease."""

import logging
import uuid
from typing import Any

from billiard.einfo import ExceptionWithTraceback
from billiard.exceptions import WorkerLostError
from celery.worker.request import Request
from sqlalchemy.exc import SQLAlchemyError

from tasks.celery import celery
from tasks.scan import worker_name
from tasks.wake import tell_and_wake
from webapp.scans import lifecycle
from webapp.settings import Settings

log = logging.getLogger(__name__)


def _innermost(error: BaseException) -> BaseException:
    """billiard wraps what it has pickled."""
    return error.exc if isinstance(error, ExceptionWithTraceback) else error


class ScanRequest(Request):
    """Celery's own, in the worker's main process; its signals say nothing of a child that was killed."""

    def on_failure(self, exc_info: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(_innermost(exc_info.exception), WorkerLostError):
            self._take_up_again()
        return super().on_failure(exc_info, *args, **kwargs)

    def _take_up_again(self) -> None:
        scan_id, attempt = self.args
        settings: Settings = celery.flask_app.extensions["tilldone.settings"]
        try:
            with celery.flask_app.app_context():
                worker = worker_name(self.hostname)
                change = lifecycle.interrupt(
                    uuid.UUID(scan_id), attempt, worker=worker, max_crashes=settings.max_crashes
                )
                if change is not None:
                    log.warning("a child was lost scan=%s attempt=%d state=%s", scan_id, attempt, change.state)
                    tell_and_wake([change])
        except SQLAlchemyError as error:
            log.warning("left to its lease scan=%s error=%s", scan_id, type(error).__name__)
