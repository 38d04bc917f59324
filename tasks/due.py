"""The beat scheduler: wakes what is due, rescues what was orphaned, ends what is out of time."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from celery.beat import Scheduler

from tasks.celery import celery
from tasks.clock_watch import ClockWatch
from tasks.heartbeat import RENEWALS_PER_LEASE
from tasks.presence import BEAT, leave, show_presence
from tasks.priorities import RETRY_PRIORITY
from tasks.wake import backlog, tell_and_wake, wake
from webapp.database import read_clock
from webapp.live.publisher import publish
from webapp.scans import lifecycle
from webapp.settings import Settings

log = logging.getLogger(__name__)

TICK_SECONDS: Final = 1.0
#: Rows that one step takes at the most: a tick must stay short, and the next one follows at once.
STEP_LIMIT: Final = 1000
#: A wake-up that nobody claimed for so long, while the queue is short, is taken for lost.
PATIENCE_SECONDS: Final = 8.0
SHORT_BACKLOG: Final = 100
_UNCLAIMED_INTERVAL_SECONDS: Final = 2.0


class DueScheduler(Scheduler):
    """One tick a second over the rows. Any number may run at once: each row is locked by the one that takes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._settings: Settings = celery.flask_app.extensions["tilldone.settings"]
        self._watch = ClockWatch(self._settings.lease_seconds / RENEWALS_PER_LEASE + 1)
        self._failing: set[str] = set()
        self._next_unclaimed = 0.0
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """There is no schedule to keep: the rows say what is due."""

    def tick(self, *_: Any, **__: Any) -> float:
        """Do what is due now; returns the seconds until the next tick."""
        started = time.monotonic()
        with celery.flask_app.app_context():
            show_presence(celery.flask_app, BEAT)
            # Without a database there is nothing to be done, and each step would wait for it anew.
            taken = self._run(self._look_at_the_clock) and [
                self._run(step) for step in (self._rescue, self._wake_due, self._expire, self._wake_unclaimed)
            ]
        if taken and STEP_LIMIT in taken:
            return 0.0
        return max(0.0, TICK_SECONDS - (time.monotonic() - started))

    def close(self) -> None:
        """Beat ends: pages need not wait to say so."""
        leave(celery.flask_app, BEAT)
        super().close()

    def _look_at_the_clock(self) -> int:
        asked_at = time.monotonic()
        try:
            clock = read_clock()
        except Exception:
            self._watch.lose_sight()
            raise
        self._watch.look(clock, asked_at=asked_at)
        return 1

    def _rescue(self) -> int:
        if not self._watch.is_calm:
            return 0
        rescued = lifecycle.rescue(STEP_LIMIT, max_crashes=self._settings.max_crashes)
        if rescued:
            log.warning("rescued from lost workers scans=%d", len(rescued))
        tell_and_wake(rescued)
        return len(rescued)

    def _wake_due(self) -> int:
        due = lifecycle.take_due(STEP_LIMIT)
        # While the broker takes none there is no hurry to try the next ones.
        return len(due) if wake(due, priority=RETRY_PRIORITY) else 0

    def _expire(self) -> int:
        expired = lifecycle.expire(STEP_LIMIT)
        publish(expired)
        return len(expired)

    def _wake_unclaimed(self) -> int:
        if time.monotonic() < self._next_unclaimed:
            return 0
        self._next_unclaimed = time.monotonic() + _UNCLAIMED_INTERVAL_SECONDS
        queued = backlog()
        if queued > SHORT_BACKLOG:
            return 0
        unclaimed = lifecycle.take_unclaimed(STEP_LIMIT, patience=PATIENCE_SECONDS, queued=queued)
        if unclaimed:
            log.warning("wake-ups sent again scans=%d", len(unclaimed))
        wake(unclaimed, priority=RETRY_PRIORITY)
        return 0

    def _run(self, step: Callable[[], int]) -> int:
        """How many the step took; one that fails, as the broker is away, must not keep the others from their work."""
        name = step.__name__
        try:
            taken = step()
        except Exception as error:
            if name not in self._failing:
                log.warning("step failed, tried again with each tick step=%s error=%s", name, error)
            self._failing.add(name)
            return 0
        if name in self._failing:
            log.warning("step works again step=%s", name)
            self._failing.discard(name)
        return taken
