"""Wakes those who wait in line for their host, as many as may start and one batch after the other."""

import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from tasks.host_gate import MAX_LINES, HostGate
from tasks.wake import wake
from webapp.live.publisher import publish
from webapp.scans import lifecycle
from webapp.scans.host_limits import Shut
from webapp.scans.lifecycle import Line

#: Where places are full nobody can say when one will be free.
_FULL_SECONDS: Final = 0.1
#: Of all time a scheduler may spend this much with lines: where many are long, one look takes a while.
_SHARE: Final = 0.2
#: A host is told of anew when it is shut for longer than was said by more than this.
_TOLD_SECONDS: Final = 1.0


class HostLines:
    """One for each scheduler. Any number may run at once: a start is offered by one script, a row taken by one lock."""

    def __init__(self, gate: HostGate, *, limit: int) -> None:
        self._gate = gate
        self._limit = limit
        self._next = 0.0
        #: Until when, by the steady clock, rows in line were told that their host is shut.
        self._told: dict[str, float] = {}

    @property
    def is_time(self) -> bool:
        return time.monotonic() >= self._next

    def pause(self) -> float:
        """Seconds until the next look is worth it."""
        return max(0.0, self._next - time.monotonic())

    def step(self) -> int:
        """How many were woken. Raises RedisError without the Redis that keeps the limits."""
        started = time.monotonic()
        # Kept, should anything fail on the way.
        self._next = started + 1.0
        wanted: list[tuple[Line, int]] = []
        waits = [1.0]
        for host, lines in _by_host(lifecycle.list_lines()):
            offer = self._gate.offer(lines[:MAX_LINES], most=self._limit)
            wanted += [(line, count) for line, count in zip(lines, offer.counts, strict=False) if count]
            waits.append(offer.look_again_seconds or _FULL_SECONDS)
            self._tell(host, offer.shut)
        woken = lifecycle.take_from_lines(wanted) if wanted else []
        wake(woken)
        spent = time.monotonic() - started
        self._next = started + max(min(waits), spent / _SHARE)
        return len(woken)

    def _tell(self, host: str, shut: Shut | None) -> None:
        """Rows that joined a line later know already; those that stood there are told in steps."""
        told = self._told.get(host)
        until = None if shut is None else time.monotonic() + shut.seconds
        if _is_much_the_same(until, told):
            return
        changes = lifecycle.tell_hold(host, shut=shut, limit=self._limit)
        publish(changes)
        if len(changes) == self._limit:
            return
        if until is not None:
            self._told[host] = until
        else:
            del self._told[host]


def _is_much_the_same(until: float | None, told: float | None) -> bool:
    if until is None or told is None:
        return until is None and told is None
    return abs(until - told) <= _TOLD_SECONDS


def _by_host(lines: Sequence[Line]) -> Iterator[tuple[str, list[Line]]]:
    for host, of_host in groupby(lines, key=lambda line: line.host):
        yield host, list(of_host)
