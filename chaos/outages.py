"""When a store was away: nothing can go on without it, and how long it takes to start is not ours."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from chaos.process import Process


class Outage(NamedTuple):
    """From the moment that the store was missed until it took connections again."""

    begin: dt.datetime
    end: dt.datetime

    def overlap(self, begin: dt.datetime, end: dt.datetime) -> float:
        """Seconds of that span in which the store was away."""
        return max(0.0, (min(self.end, end) - max(self.begin, begin)).total_seconds())


class StoreWatch:
    """Looks whenever it is told; ``stores`` says of each process how to see that it takes connections."""

    def __init__(self, stores: Mapping[Process, Callable[[], bool]]) -> None:
        self.outages: list[Outage] = []
        self._stores = stores
        self._missed: dict[Process, dt.datetime] = {}

    def look(self) -> None:
        for store, is_ready in self._stores.items():
            if not store.is_running():
                self._missed.setdefault(store, dt.datetime.now(dt.UTC))
            elif store in self._missed and is_ready():
                self.outages.append(Outage(self._missed.pop(store), dt.datetime.now(dt.UTC)))


def seconds_away(outages: Sequence[Outage], begin: dt.datetime, end: dt.datetime) -> float:
    """How much of the span at least one store was away."""
    total, reached = 0.0, begin
    for outage in sorted(outages):
        total += outage.overlap(reached, end)
        reached = max(reached, min(outage.end, end))
    return total
