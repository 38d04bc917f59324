"""The story of attempts that were cut off on our side: what happened, and when the scan went on."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from webapp.routes.words import took, visible
from webapp.scans.models import Attempt, Scan
from webapp.scans.states import Outcome, State

#: What the life cycle writes of a worker that gave its scan back.
_TOLD_TO_STOP: Final = "told to stop"
_NOT_RESUMED: Final = {
    State.CANCELED: "not resumed: the scan was canceled",
    State.TIMED_OUT: "not resumed: the deadline came first",
}


def resumed_after(scan: Scan, attempts: Sequence[Attempt]) -> dict[int, float]:
    """By the number of each interrupted attempt, the seconds until the next one began; only those that have one."""
    starts = _starts(scan, attempts)
    return {
        attempt.number: max(0.0, (starts[attempt.number + 1] - attempt.finished_at).total_seconds())
        for attempt in attempts
        if attempt.outcome is Outcome.INTERRUPTED and attempt.number + 1 in starts
    }


def stories(scan: Scan, attempts: Sequence[Attempt]) -> dict[int, str]:
    """By the number of each interrupted attempt, what happened and how it went on."""
    resumed = resumed_after(scan, attempts)
    interrupted = [attempt for attempt in attempts if attempt.outcome is Outcome.INTERRUPTED]
    return {each.number: f"{_cause(each)}; {_sequel(scan, resumed.get(each.number))}" for each in interrupted}


def _starts(scan: Scan, attempts: Sequence[Attempt]) -> dict[int, dt.datetime]:
    """When each attempt began, the one that runs now included."""
    starts = {attempt.number: attempt.started_at for attempt in attempts}
    if scan.state is State.RUNNING and scan.attempt_started_at is not None:
        starts[scan.attempt] = scan.attempt_started_at
    return starts


def _cause(attempt: Attempt) -> str:
    worker = f"its worker {visible(attempt.worker)}" if attempt.worker else "its worker"
    return f"{worker} was {_TOLD_TO_STOP if _TOLD_TO_STOP in (attempt.error or '') else 'lost'}"


def _sequel(scan: Scan, seconds: float | None) -> str:
    if seconds is not None:
        return f"resumed {took(seconds)} later"
    if scan.state is State.ABANDONED:
        return f"not resumed: its worker was lost {scan.crashes} time{'' if scan.crashes == 1 else 's'}"
    return _NOT_RESUMED.get(scan.state, "goes on as soon as a worker is free")
