"""Celery's own note of a message in the worker's main process, which knows at once what it does not tell: that a pool
child died and left its scan running, and that the broker did not hear that a message is done with."""

import logging
import uuid
from typing import Any

from billiard.einfo import ExceptionWithTraceback
from billiard.exceptions import WorkerLostError
from celery.worker.request import Request
from kombu.message import Message
from kombu.transport import virtual

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
    """In the place of Celery's Request for each wake-up."""

    def acknowledge(self) -> None:
        super().acknowledge()
        _give_up_place(self.message)

    def reject(self, requeue: bool = False) -> None:
        super().reject(requeue)
        _give_up_place(self.message)

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
        except Exception:
            # Whatever it is: the message must still be given back, or its slot would be lost for ever.
            log.exception("left to its lease scan=%s", scan_id)


def _give_up_place(message: Message) -> None:
    """Of a message that Redis could not be told of, because it was away just then.

    It would count against the prefetch limit for ever. With as many of them as there are slots the worker would ask
    for no further message, and so never learn that its connection is gone. Redis delivers it once more, much later,
    and then there is nothing to do.
    """
    if not message.acknowledged and isinstance(message.channel, virtual.Channel):
        # Past the transport's own, which would ask Redis again.
        base: Any = virtual.QoS
        base.ack(message.channel.qos, message.delivery_tag)
