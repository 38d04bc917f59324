"""The beat scheduler: wakes what is due, rescues what was orphaned, ends what is out of time."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from celery.beat import Scheduler

from tasks.celery import celery
from tasks.clock_watch import ClockWatch
from tasks.host_gate import get_gate
from tasks.host_lines import HostLines
from tasks.limits import RENEWALS_PER_LEASE
from tasks.presence import BEAT, leave, show_presence
from tasks.upkeep import Upkeep
from tasks.wake import backlog, greet_broker, tell_and_wake, wake
from webapp.live.publisher import publish
from webapp.scans import lifecycle
from webapp.scans.lifecycle import Outlook, WritersWaited
from webapp.settings import Settings

log = logging.getLogger(__name__)

TICK_SECONDS: Final = 1.0
#: However soon something is due: another scheduler may be at it just now.
SHORTEST_TICK_SECONDS: Final = 0.05
#: Rows that one step takes at the most: a tick must stay short, and the next one follows at once.
STEP_LIMIT: Final = 1000
#: A wake-up that nobody claimed for so long, while the queue is short, is taken for lost.
PATIENCE_SECONDS: Final = 3.0
#: A longer queue is compared with the rows less often, for they must be counted.
SHORT_BACKLOG: Final = 1000
_LONG_BACKLOG_INTERVAL_SECONDS: Final = 30.0


class BrokerFull(Exception):
    """The broker is there and takes no message."""


class DueScheduler(Scheduler):
    """One tick a second over the rows. Any number may run at once: each row is locked by the one that takes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._settings: Settings = celery.flask_app.extensions["tilldone.settings"]
        self._renewal_seconds = self._settings.lease_seconds / RENEWALS_PER_LEASE
        self._watch = ClockWatch(self._renewal_seconds + 1)
        with celery.flask_app.app_context():
            self._lines = HostLines(get_gate(), limit=STEP_LIMIT)
        self._upkeep = Upkeep(self._settings.keep_days, self._settings.limits.stored_bytes)
        self._failing: set[str] = set()
        self._next_unclaimed = 0.0
        self._missing = 0
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """There is no schedule to keep: the rows say what is due."""

    def tick(self, *_: Any, **__: Any) -> float:
        """Do what is due now; returns the seconds until the next tick."""
        started = time.monotonic()
        with celery.flask_app.app_context():
            show_presence(celery.flask_app, BEAT)
            outlook = self._look_ahead()
            # Without a database there is nothing to be done, and each step would wait for it anew.
            taken = [self._run(step) for step in self._steps(outlook)] if outlook else []
        if STEP_LIMIT in taken:
            return 0.0
        pause = TICK_SECONDS if outlook is None or self._failing else self._pause(outlook, has_taken=any(taken))
        return max(0.0, pause - (time.monotonic() - started))

    def _look_ahead(self) -> Outlook | None:
        asked_at = time.monotonic()
        try:
            outlook = lifecycle.look_ahead()
        except Exception as error:
            self._watch.lose_sight()
            self._note_failure("look_ahead", error)
            return None
        self._note_success("look_ahead")
        self._watch.look(outlook.clock, asked_at=asked_at)
        return outlook

    def _steps(self, outlook: Outlook) -> list[Callable[[], int]]:
        """Those that have something to do; an idle tick is two questions."""
        steps: list[Callable[[], int]] = []
        if outlook.has_come(outlook.lease_until) and self._watch.is_calm:
            steps.append(self._rescue)
        if outlook.has_come(outlook.due_at):
            steps.append(self._wake_due)
        if outlook.held_since is not None and self._lines.is_time:
            steps.append(self._wake_lines)
        if outlook.has_come(outlook.deadline_at):
            steps.append(self._expire)
        # A tick earlier than patience ends, for it takes two looks.
        is_late = outlook.seconds_until(outlook.sent_at) <= TICK_SECONDS - PATIENCE_SECONDS
        if is_late and time.monotonic() >= self._next_unclaimed:
            steps.append(self._wake_unclaimed)
        return steps + self._upkeep.steps(outlook)

    def _pause(self, outlook: Outlook, *, has_taken: bool) -> float:
        """Sooner than usual, if something is due sooner; where something was found there may be more."""
        wanted = [outlook.seconds_until(outlook.due_at), TICK_SECONDS]
        wanted.append(self._upkeep.seconds_until(outlook))
        if self._watch.is_calm:
            wanted.append(outlook.seconds_until(outlook.lease_until))
        if outlook.held_since is not None:
            wanted.append(self._lines.pause())
        return SHORTEST_TICK_SECONDS if has_taken else max(SHORTEST_TICK_SECONDS, min(wanted))

    def close(self) -> None:
        """Beat ends: pages need not wait to say so."""
        leave(celery.flask_app, BEAT)
        super().close()

    def _rescue(self) -> int:
        try:
            rescued = lifecycle.rescue(
                STEP_LIMIT,
                max_crashes=self._settings.max_crashes,
                patience=self._renewal_seconds,
                lease_seconds=self._settings.lease_seconds,
            )
        except WritersWaited:
            self._watch.rest("writers had to wait")
            return 0
        if rescued:
            log.warning("rescued from lost workers scans=%d", len(rescued))
        tell_and_wake(rescued)
        return len(rescued)

    def _wake_due(self) -> int:
        greet_broker()
        due = lifecycle.take_due(STEP_LIMIT)
        if not wake(due):
            # It answers and takes nothing, as a full one does: there is no hurry to try again.
            raise BrokerFull("the broker takes no wake-ups")
        return len(due)

    def _wake_lines(self) -> int:
        greet_broker()
        self._lines.step()
        # It says itself when it is wanted next.
        return 0

    def _expire(self) -> int:
        expired = lifecycle.expire(STEP_LIMIT)
        publish(expired)
        return len(expired)

    def _wake_unclaimed(self) -> int:
        queued = backlog()
        interval = TICK_SECONDS if queued <= SHORT_BACKLOG else _LONG_BACKLOG_INTERVAL_SECONDS
        self._next_unclaimed = time.monotonic() + interval
        missing = lifecycle.count_unclaimed(queued + STEP_LIMIT) - queued
        # Some are always on their way between a commit, the broker and a claim: what is missing twice is lost.
        lost, self._missing = min(missing, self._missing), missing
        unclaimed = lifecycle.take_unclaimed(lost, patience=PATIENCE_SECONDS) if lost > 0 else []
        if unclaimed:
            log.warning("wake-ups sent again scans=%d", len(unclaimed))
            wake(unclaimed)
        return 0

    def _run(self, step: Callable[[], int]) -> int:
        """How many rows it took; one that fails, when the broker is away, must not keep the others from their work."""
        try:
            taken = step()
        except Exception as error:
            self._note_failure(step.__name__, error)
            return 0
        self._note_success(step.__name__)
        return taken

    def _note_failure(self, name: str, error: Exception) -> None:
        """Told once, not with every tick of an outage."""
        if name not in self._failing:
            log.warning("step failed, tried again with each tick step=%s error=%s", name, error)
        self._failing.add(name)

    def _note_success(self, name: str) -> None:
        if name in self._failing:
            log.warning("step works again step=%s", name)
        self._failing.discard(name)
