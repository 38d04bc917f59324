"""Stops a worker whose pool is made of threads or greenlets, which no signal reaches, within the platform's grace.

Prefork has Celery's own soft shutdown: it ends with a signal to each child, whose attempt then hands itself back.
"""

import logging
import threading
import time
from typing import Any, Final

from celery import platforms
from celery.concurrency.prefork import TaskPool
from celery.signals import worker_ready, worker_shutting_down
from celery.worker import state
from celery.worker.consumer import Consumer

from tasks.celery import celery
from tasks.heartbeat import let_go_of_all

log = logging.getLogger(__name__)


_LOOK_SECONDS: Final = 0.2


@worker_ready.connect
def _stop_softly(sender: Consumer, **_: Any) -> None:
    if isinstance(sender.pool, TaskPool):
        return

    def on_sigterm(*_: Any) -> None:
        # A warm shutdown: nothing is taken any more, and the process ends as soon as nothing runs. No more is done
        # here, for gevent handles signals where nothing may wait, not even for a lock.
        state.should_stop = 0

    platforms.signals["SIGTERM"] = on_sigterm
    threading.Thread(target=_see_to_the_end, args=(sender.hostname,), name="stopping", daemon=True).start()


def _see_to_the_end(hostname: str) -> None:
    while state.should_stop is None:
        time.sleep(_LOOK_SECONDS)
    worker_shutting_down.send(sender=hostname, sig="SIGTERM", how="Warm", exitcode=0)
    time.sleep(celery.conf.worker_soft_shutdown_timeout)
    log.info("time is up, handing back what still runs")
    let_go_of_all()
