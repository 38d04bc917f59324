"""Judges the drill from the rows that it left, and prints the table.

**Terminal writes** are counted by arithmetic, because news may be lost with Valkey and a row shows only the last
write. Every committed change raises the revision by one: 1 for the submission, one for each claim, one for each
attempt that ended. Each attempt has one row (its number is in the primary key) and the drill checks that none is
missing, so claims and ends are both ``attempt``; no scan of a drill is canceled, retried by hand or out of time. The
last end is the terminal write itself. So ``revision - 2 * attempt`` is the number of terminal writes, and must be 1.

**The recovery gap** of an interrupted attempt runs from the kill that hit its worker to the start of the next attempt:
what a person would wait longer because of the kill. Rows name the worker's start, not the child; so the earliest kill
of that worker after the attempt began is taken, which can make a gap too long, never too short. The time that a store
was away meanwhile is not counted: nothing can go on without it, and RabbitMQ alone takes eight seconds to start. The
table has the gaps with that time, too. An abandoned scan's last attempt has no next one and no gap; one that was
interrupted though nothing was killed is counted as unexplained.

**Late starts** are first attempts and retries that began more than 10 s after they were due: a worker that is killed
takes along the wake-ups that it holds, for what comes next and for retries, and the scheduler must find their rows.
They are told, and no reason to fail: nothing was interrupted.
"""

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

from chaos.crowd import RETRY_WAIT_SECONDS, Sort
from chaos.evidence import Fate, Tried
from chaos.killer import Kill
from chaos.outages import Outage, seconds_away
from chaos.plan import PLANNED, Kind
from webapp.scans.states import Outcome, State

MAX_GAP_SECONDS: Final = 10.0
_CLOCK: Final = "%H:%M:%S.%f"
Word = TypeVar("Word", Kind, Sort, State)


@dataclass(frozen=True, slots=True)
class Report:
    """All that the table tells."""

    accepted: Set[str]
    fates: Sequence[Fate]
    kills: Sequence[Kill]
    outages: Sequence[Outage]
    max_crashes: int
    fenced: int
    needless: int
    restarts: int
    seconds: float

    @property
    def lost(self) -> list[Fate]:
        """Scans that did not end."""
        return [fate for fate in self.fates if not fate.state.is_terminal]

    @property
    def lost_count(self) -> int:
        """With those whose very row is gone."""
        return len(self.lost) + len(self.accepted - {fate.url for fate in self.fates})

    @property
    def doubled(self) -> list[Fate]:
        return [fate for fate in self.fates if is_doubled(fate)]

    @property
    def wrong(self) -> list[Fate]:
        """Scans that ended as they should not have."""
        return [fate for fate in self.fates if fate.state.is_terminal and not self._is_right(fate)]

    @property
    def gaps(self) -> list[float]:
        return self._gaps(self.outages)

    def _gaps(self, outages: Sequence[Outage]) -> list[float]:
        return [gap for fate in self.fates for gap in recovery_gaps(fate, self.kills, outages) if gap is not None]

    @property
    def slow(self) -> list[Fate]:
        """Scans that had to wait longer than the 95 % may for going on."""
        return [fate for fate in self.fates if self._is_slow(fate)]

    def _is_slow(self, fate: Fate) -> bool:
        return any((gap or 0) > MAX_GAP_SECONDS for gap in recovery_gaps(fate, self.kills, self.outages))

    @property
    def unexplained(self) -> int:
        """Interruptions that no kill accounts for."""
        return sum(gap is None for fate in self.fates for gap in recovery_gaps(fate, self.kills, ()))

    @property
    def is_passed(self) -> bool:
        return not (self.lost_count or self.doubled or self.wrong or percentile(self.gaps, 95) > MAX_GAP_SECONDS)

    def _is_right(self, fate: Fate) -> bool:
        """Poison must be abandoned; another scan only if its workers were killed as often."""
        if fate.sort is Sort.POISON or fate.state is State.ABANDONED:
            return fate.state is State.ABANDONED and fate.crashes == self.max_crashes
        return fate.state is State.SUCCEEDED

    def table(self) -> str:
        writes = Counter(terminal_writes(fate) for fate in self.fates if fate.state.is_terminal)
        by_sort = Counter(fate.sort for fate in self.fates)
        by_kind = Counter(kill.kind for kill in self.kills)
        states = Counter(fate.state for fate in self.fates)
        rows = [
            ("scans", f"{len(self.fates)}  ({_words(by_sort, Sort)})"),
            ("ended", _words(states, State)),
            ("kills", f"{len(self.kills)}  ({_words(by_kind, (*PLANNED, Kind.POISON))})"),
            ("lost", str(self.lost_count)),
            ("doubled", str(len(self.doubled))),
            ("ended wrongly", str(len(self.wrong))),
            ("terminal writes per scan", ", ".join(f"{n}: {count} scans" for n, count in sorted(writes.items()))),
            ("fenced late writes", str(self.fenced)),
            ("needless wake-ups", str(self.needless)),
            ("recovery gap p50/p95/max", _spans(self.gaps)),
            ("  with stores away", _spans(self._gaps(()))),
            ("unexplained interruptions", str(self.unexplained)),
            ("late starts", _spans([late for fate in self.fates for late in late_starts(fate)])),
            ("processes started again", str(self.restarts)),
            ("took", f"{self.seconds:.0f} s"),
        ]
        return "\n".join(f"{name:<27}{value}" for name, value in rows)

    def faults(self) -> list[str]:
        """A line for each scan that was lost, doubled, ended wrongly or went on too late, with its attempts."""
        named = [("lost", self.lost), ("doubled", self.doubled), ("ended wrongly", self.wrong), ("slow", self.slow)]
        return [f"{name}: {_story(fate)}" for name, fates in named for fate in fates]


def terminal_writes(fate: Fate) -> int:
    """See above; of a scan that has ended."""
    return fate.revision - 2 * fate.attempt


def is_doubled(fate: Fate) -> bool:
    """Whether it was ended more than once, went on after its end, or an attempt is missing from its story."""
    if [tried.number for tried in fate.tried[: fate.attempt]] != list(range(1, len(fate.tried) + 1)):
        return True
    if any(tried.outcome is Outcome.SUCCEEDED for tried in fate.tried[:-1]):
        return True
    is_ended = fate.state.is_terminal
    return is_ended and (len(fate.tried) != fate.attempt or terminal_writes(fate) != 1)


def recovery_gaps(fate: Fate, kills: Sequence[Kill], outages: Sequence[Outage]) -> list[float | None]:
    """Seconds from the kill to the next attempt for each interrupted one, without those in which a store was away;
    None where nothing was killed."""
    pairs = [(cut, after) for cut, after in pairwise(fate.tried) if cut.outcome is Outcome.INTERRUPTED]
    return [_gap(cut, after, kills, outages) for cut, after in pairs]


def _gap(cut: Tried, after: Tried, kills: Sequence[Kill], outages: Sequence[Outage]) -> float | None:
    # Not until the end that its row tells: that is the worker's last sign of life, if the lease had to run out.
    begun, end = cut.started_at, after.started_at
    moments = [kill.at for kill in kills if kill.node == cut.worker and begun <= kill.at <= end]
    if not moments:
        return None
    begin = min(moments)
    return (end - begin).total_seconds() - seconds_away(outages, begin, end)


def late_starts(fate: Fate) -> list[float]:
    """By how many seconds attempts began after they were due, where it was far too late."""
    retries = [(before, after) for before, after in pairwise(fate.tried) if before.outcome is not Outcome.INTERRUPTED]
    wait = dt.timedelta(seconds=RETRY_WAIT_SECONDS)
    late = [after.started_at - before.finished_at - wait for before, after in retries]
    late += [first.started_at - fate.created_at for first in fate.tried[:1]]
    return [span.total_seconds() for span in late if span.total_seconds() > MAX_GAP_SECONDS]


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank; 0 of nothing."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1] if values else 0.0


def _spans(values: Sequence[float]) -> str:
    if not values:
        return "none"
    p50, p95, worst = percentile(values, 50), percentile(values, 95), max(values)
    return f"{p50:.1f} / {p95:.1f} / {worst:.1f} s  ({len(values)} of them)"


def _words(counts: Counter[Word], order: Iterable[Word]) -> str:
    return ", ".join(f"{counts[word]} {word}" for word in order if counts[word])


def _story(fate: Fate) -> str:
    attempts = "; ".join(
        f"{tried.number} {tried.outcome} on {tried.worker} {tried.started_at:{_CLOCK}}–{tried.finished_at:{_CLOCK}}"
        for tried in fate.tried
    )
    return f"{fate.id} {fate.sort} {fate.state} revision={fate.revision} attempt={fate.attempt}: {attempts or 'none'}"
