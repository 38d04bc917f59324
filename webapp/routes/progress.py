"""How far a batch is: its states as parts of one bar, how fast it goes, and when it is likely to be done."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from webapp.routes.words import took
from webapp.scans import batch_report, queries
from webapp.scans.batch_report import PACE_SECONDS
from webapp.scans.models import Batch
from webapp.scans.states import State

#: From done to not yet begun, so that the bar fills from its start.
_ORDER: Final = (
    State.SUCCEEDED,
    State.FAILED,
    State.EXHAUSTED,
    State.TIMED_OUT,
    State.ABANDONED,
    State.CANCELED,
    State.RUNNING,
    State.WAITING,
    State.QUEUED,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A state's share, in percent of the whole."""

    state: State
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Progress:
    """``rate`` is in scans a second, lately; ``duration`` is in words, once all is done."""

    parts: tuple[Part, ...]
    done: int
    total: int
    rate: float = 0.0
    end: dt.datetime | None = None
    duration: str = ""

    @classmethod
    def read(cls, batch: Batch, now: dt.datetime) -> Self:
        progress = cls.of(queries.count_by_state(queries.Filter(batch_id=batch.id)))
        if progress.done == progress.total:
            end = batch_report.last_end(batch.id)
            return replace(progress, duration=took((end - batch.created_at).total_seconds()) if end else "")
        rate = batch_report.count_ended_lately(batch.id) / min(PACE_SECONDS, max(1.0, _seconds(batch.created_at, now)))
        end = now + dt.timedelta(seconds=(progress.total - progress.done) / rate) if rate else None
        return replace(progress, rate=rate, end=end)

    @classmethod
    def of(cls, counts: Mapping[State, int]) -> Self:
        total = sum(counts.values())
        parts, before = [], 0
        for state in _ORDER:
            count = counts[state]
            parts.append(Part(state, count, _percent(before, total), _percent(count, total)))
            before += count
        done = sum(count for state, count in counts.items() if state.is_terminal)
        return cls(tuple(parts), done, total)


def _seconds(start: dt.datetime, end: dt.datetime) -> float:
    return (end - start).total_seconds()


def _percent(count: int, total: int) -> float:
    return round(100 * count / total, 3) if total else 0.0
