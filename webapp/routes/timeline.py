"""A scan's attempts drawn to scale: where each bar begins and how wide it is, in percent of the whole."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from webapp.routes.interruptions import stories
from webapp.routes.words import OUTCOMES, span, took
from webapp.scans.exchange import PHASES
from webapp.scans.models import Attempt, Scan
from webapp.scans.states import State

#: A thousand bars on one line are a solid block; the last ones tell the story.
MAX_BARS: Final = 200
#: Between two marks on the axis; as few as MAX_TICKS are drawn.
_STEPS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
_MAX_TICKS: Final = 6


class Segment(NamedTuple):
    """A phase within a bar."""

    phase: str
    x: float
    width: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Bar:
    """An attempt; ``segments`` are its phases on the same scale."""

    number: int
    kind: str
    x: float
    width: float
    words: str
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """From the submit to the end, or to what comes next; ``now`` and ``due`` are places on it while it goes on."""

    bars: tuple[Bar, ...]
    seconds: float
    ticks: tuple[tuple[float, str], ...]
    left_out: int = 0
    now: float | None = None
    due: float | None = None


def draw(scan: Scan, attempts: Sequence[Attempt], now: dt.datetime) -> Timeline | None:
    """None before the first attempt."""
    shown = attempts[-MAX_BARS:]
    if not shown and scan.state is not State.RUNNING:
        return None
    is_whole = len(shown) == len(attempts)
    start = scan.created_at if is_whole else shown[0].started_at
    end = scan.finished_at or max(now, scan.due_at or now)
    seconds = max(0.001, (end - start).total_seconds())
    interruptions = stories(scan, attempts)
    bars = [_bar(attempt, start, seconds, interruptions.get(attempt.number)) for attempt in shown]
    if scan.state is State.RUNNING and scan.attempt_started_at:
        x = _percent(scan.attempt_started_at, start, seconds)
        words = f"Attempt {scan.attempt}: running"
        bars.append(Bar(scan.attempt, "running", x, max(0.0, _percent(now, start, seconds) - x), words))
    return Timeline(
        bars=tuple(bars),
        seconds=seconds,
        ticks=_ticks(seconds),
        left_out=len(attempts) - len(shown),
        now=None if scan.finished_at else _percent(now, start, seconds),
        due=_percent(scan.due_at, start, seconds) if scan.due_at and scan.due_at > now else None,
    )


def segments(attempt: Attempt, x: float, width: float) -> tuple[Segment, ...]:
    """The attempt's phases side by side within ``width``; what no phase accounts for stays blank at the end."""
    total = max((attempt.finished_at - attempt.started_at).total_seconds() * 1000, sum(attempt.phases.values()), 0.001)
    found: list[Segment] = []
    for phase in PHASES:
        if milliseconds := attempt.phases.get(phase, 0):
            part = width * milliseconds / total
            found.append(Segment(phase, round(x, 3), round(part, 3), milliseconds))
            x += part
    return tuple(found)


def _bar(attempt: Attempt, start: dt.datetime, seconds: float, interruption: str | None) -> Bar:
    x = _percent(attempt.started_at, start, seconds)
    width = _percent(attempt.finished_at, start, seconds) - x
    ended = f" interrupted: {interruption}" if interruption else f": {OUTCOMES[attempt.outcome]}"
    words = f"Attempt {attempt.number}{ended}"
    kind, parts = attempt.outcome.value, segments(attempt, x, width)
    return Bar(attempt.number, kind, round(x, 3), round(width, 3), words, parts)


def _ticks(seconds: float) -> tuple[tuple[float, str], ...]:
    """Round times, none so close to the end that it would cover its label."""
    step = next((step for step in _STEPS if seconds / step <= _MAX_TICKS), seconds / _MAX_TICKS)
    moments = [step * number for number in range(1, _MAX_TICKS + 1) if step * number < 0.92 * seconds]
    return tuple((round(100 * moment / seconds, 3), _clock(moment)) for moment in moments)


def _clock(moment: float) -> str:
    return span(moment) if moment == int(moment) else took(moment)


def _percent(moment: dt.datetime, start: dt.datetime, seconds: float) -> float:
    return round(max(0.0, min(100.0, 100 * (moment - start).total_seconds() / seconds)), 3)
