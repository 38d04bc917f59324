"""The beat scheduler: wakes what is due, rescues what was orphaned, ends what is out of time."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from celery.beat import Scheduler

from tasks.celery import celery
from tasks.presence import BEAT, leave, show_presence
from tasks.priorities import RETRY_PRIORITY
from tasks.wake import backlog, tell_and_wake, wake
from webapp.live.publisher import publish
from webapp.scans import lifecycle
from webapp.settings import Settings

log = logging.getLogger(__name__)

TICK_SECONDS: Final = 1.0
#: Rows that one step takes at the most: a tick must stay short, the next one goes on.
STEP_LIMIT: Final = 1000
#: A wake-up that nobody claimed for so long, while the queue is short, is taken for lost.
PATIENCE_SECONDS: Final = 8.0
SHORT_BACKLOG: Final = 100
_UNCLAIMED_INTERVAL_SECONDS: Final = 2.0


class DueScheduler(Scheduler):
    """One tick a second over the rows. Any number may run at once: each row is locked by the one that takes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._next_unclaimed = 0.0
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """There is no schedule to keep: the rows say what is due."""

    def tick(self, *_: Any, **__: Any) -> float:
        """Do what is due now; returns the seconds until the next tick."""
        started = time.monotonic()
        with celery.flask_app.app_context():
            show_presence(celery.flask_app, BEAT)
            for step in (self._rescue, self._wake_due, self._expire, self._wake_unclaimed):
                _run(step)
        return max(0.0, TICK_SECONDS - (time.monotonic() - started))

    def close(self) -> None:
        """Beat ends: pages need not wait to say so."""
        leave(celery.flask_app, BEAT)
        super().close()

    def _rescue(self) -> None:
        settings: Settings = celery.flask_app.extensions["tilldone.settings"]
        rescued = lifecycle.rescue(STEP_LIMIT, max_crashes=settings.max_crashes)
        if rescued:
            log.warning("rescued from lost workers scans=%d", len(rescued))
        tell_and_wake(rescued)

    def _wake_due(self) -> None:
        wake(lifecycle.take_due(STEP_LIMIT), priority=RETRY_PRIORITY)

    def _expire(self) -> None:
        publish(lifecycle.expire(STEP_LIMIT))

    def _wake_unclaimed(self) -> None:
        if time.monotonic() < self._next_unclaimed:
            return
        self._next_unclaimed = time.monotonic() + _UNCLAIMED_INTERVAL_SECONDS
        if backlog() > SHORT_BACKLOG:
            return
        unclaimed = lifecycle.take_unclaimed(STEP_LIMIT, patience=PATIENCE_SECONDS)
        if unclaimed:
            log.warning("wake-ups sent again scans=%d", len(unclaimed))
        wake(unclaimed, priority=RETRY_PRIORITY)


def _run(step: Callable[[], None]) -> None:
    """A step that fails, because the database or the broker is away, must not keep the others from their work."""
    try:
        step()
    except Exception as error:
        log.warning("step failed, tried again next tick step=%s error=%s", step.__name__, error)
