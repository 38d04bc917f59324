"""What the workers do, for a page and for programs: who is alive, what each runs, and what waits."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import redis
from flask import current_app

from tasks.counters import Counter, read_counters
from tasks.presence import BEAT, WORKER, Presence, list_present
from tasks.wake import backlog_if_known
from webapp.scans import queries, workload
from webapp.scans.workload import DueBacklog, Running
from webapp.settings import Settings

#: Running scans that are read; a page of more would be read by nobody.
MAX_RUNNING: Final = 500
#: Of one worker so many are listed; its figure counts all.
MAX_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker that is alive and what it runs."""

    presence: Presence
    running: Sequence[Running]


@dataclass(frozen=True, slots=True)
class _Signs:
    """What Redis knows."""

    workers: Sequence[Presence]
    beats: Sequence[Presence]
    counters: Mapping[Counter, int]


@dataclass(frozen=True, slots=True)
class WorkersView:
    """``lost`` are scans whose worker is not among the living; None stands for what cannot be known now."""

    is_redis_there: bool
    workers: Sequence[WorkerView]
    beats: Sequence[Presence]
    lost: Sequence[Running]
    is_cut: bool
    queue: int | None
    backlog: DueBacklog
    counters: Mapping[Counter, int] | None
    now: dt.datetime

    @classmethod
    def read(cls) -> Self:
        # Read before who is alive: who dies in between is found missing, and nobody is missing who just came.
        running = workload.running_now(MAX_RUNNING + 1)
        signs = _read_signs()
        by_worker = _by_worker(running[:MAX_RUNNING])
        alive = signs.workers if signs else ()
        workers = [WorkerView(presence, by_worker.pop(presence.name, [])) for presence in alive]
        return cls(
            is_redis_there=signs is not None,
            workers=workers,
            beats=signs.beats if signs else (),
            lost=[scan for scans in by_worker.values() for scan in scans],
            is_cut=len(running) > MAX_RUNNING,
            queue=_queue(is_redis_there=signs is not None),
            backlog=workload.due_backlog(),
            counters=signs.counters if signs else None,
            now=queries.server_time(),
        )

    @property
    def slots(self) -> int:
        return sum(worker.presence.slots for worker in self.workers)

    @property
    def used(self) -> int:
        return sum(len(worker.running) for worker in self.workers)


def _read_signs() -> _Signs | None:
    try:
        return _Signs(list_present(WORKER), list_present(BEAT), read_counters())
    except redis.RedisError:
        return None


def _by_worker(running: Sequence[Running]) -> dict[str, list[Running]]:
    found: defaultdict[str, list[Running]] = defaultdict(list)
    for scan in running:
        found[scan.worker or ""].append(scan)
    return found


def _queue(*, is_redis_there: bool) -> int | None:
    """A Redis that has just not answered is not asked again in its other part: that would take seconds."""
    settings: Settings = current_app.extensions["tilldone.settings"]
    is_broker_apart = settings.broker_url.replace("redis+socket://", "unix://", 1) != settings.redis_url
    return backlog_if_known() if is_redis_there or is_broker_apart else None
