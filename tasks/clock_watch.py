"""Tells whether leases can be believed: after a jump of the database's clock, or its absence, they look over."""

import datetime as dt
import logging
import time
from typing import Final

log = logging.getLogger(__name__)

#: A larger difference between the two clocks is a step of one of them; smaller ones are slow answers.
_STEP_SECONDS: Final = 2.0


class ClockWatch:
    """Compares the database's clock with this process's steady one, tick by tick.

    Workers renew their leases several times before they run out. When the database was away they could not; when its
    clock was put forward, or the machine slept, all leases are over at once. In both cases ``rest_seconds`` are enough
    for all who are alive to renew, and nobody's work is taken away.
    """

    def __init__(self, rest_seconds: float) -> None:
        self._rest_seconds = rest_seconds
        self._rests_until = 0.0
        self._seen: tuple[dt.datetime, float] | None = None
        self._is_away = False

    @property
    def is_calm(self) -> bool:
        return not self._is_away and time.monotonic() >= self._rests_until

    def look(self, clock: dt.datetime, *, asked_at: float) -> None:
        """The database says that it is ``clock``; it was asked at that monotonic time."""
        before, self._seen = self._seen, (clock, asked_at)
        took = time.monotonic() - asked_at
        if self._is_away:
            self._is_away = False
            self.rest("the database is back")
        elif took > self._rest_seconds:
            self.rest(f"the database answered after {took:.0f} s")
        elif before is not None:
            step = (clock - before[0]).total_seconds() - (asked_at - before[1])
            if abs(step) > _STEP_SECONDS + took:
                self.rest(f"the database's clock was moved by {step:+.0f} s")

    def lose_sight(self) -> None:
        """The database could not be asked."""
        self._is_away = True

    def rest(self, why: str) -> None:
        """Believe no lease until workers have had the time to renew theirs."""
        self._rests_until = time.monotonic() + self._rest_seconds
        log.warning("%s: workers get %.1f s to renew their leases", why, self._rest_seconds)
