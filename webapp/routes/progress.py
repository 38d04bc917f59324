"""How far a batch is: its states as parts of one bar."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

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
    parts: tuple[Part, ...]
    done: int
    total: int

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


def _percent(count: int, total: int) -> float:
    return round(100 * count / total, 3) if total else 0.0
