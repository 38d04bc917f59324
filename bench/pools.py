"""Slow targets by the thousand: scans settled per second by pools of threads and greenlets, beside prefork."""

import dataclasses
import os
import time
from typing import Final

import psutil
from sqlalchemy import func, select

from bench.parts import parts
from bench.target import Target
from tasks.wake import wake
from tests.process import Process
from tests.stack import worker
from webapp.app import create_app
from webapp.database import db
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.scans.models import Scan
from webapp.settings import Settings

SCANS: Final = int(os.environ.get("BENCH_SLOW_SCANS", "1000"))
ANSWER_SECONDS: Final = 2.0
#: Pool, slots, and the part of the scans that it gets: at 4 scans/s prefork would take minutes to say the same.
POOLS: Final = (("prefork", 8, 0.08), ("threads", 100, 1.0), ("gevent", 100, 1.0))
_LOOK_SECONDS: Final = 0.2


def run() -> None:
    print(f"\nPools: one worker, targets that answer after {ANSWER_SECONDS:.0f} s")
    with Target(delay_seconds=ANSWER_SECONDS) as target:
        for database in ("sqlite", "postgres"):
            for pool, slots, share in POOLS:
                with parts(database) as settings:
                    line = _measure(dataclasses.replace(settings, worker_concurrency=slots), pool, target, share)
                print(f"  {database:9} {pool:8} {slots:4} slots  {line}", flush=True)


def _measure(settings: Settings, pool: str, target: Target, share: float) -> str:
    count = round(SCANS * share)
    with create_app(settings).app_context():
        submission = lifecycle.submit([Draft(target.url(str(n))) for n in range(count)])
        assert wake(submission.wake_ups)
        slots = settings.worker_concurrency
        with worker(settings, pool=pool, concurrency=slots, WORKER_CONCURRENCY=str(slots)) as process:
            while _count_active():
                time.sleep(_LOOK_SECONDS)
            memory, cpu = _usage(process)
        rate = count / _span()
        db.engine.dispose()
    bound = slots / ANSWER_SECONDS
    return f"{rate:6.1f} scans/s of at most {bound:.0f}   {1000 * cpu / count:5.1f} ms CPU a scan   {memory:4.0f} MB"


def _count_active() -> int:
    statement = select(func.count()).select_from(Scan).where(Scan.finished_at.is_(None))
    with db.engine.connect() as connection:
        return connection.scalar(statement) or 0


def _span() -> float:
    """Seconds from the first attempt to the last end."""
    with db.engine.connect() as connection:
        first, last = connection.execute(select(func.min(Scan.started_at), func.max(Scan.finished_at))).one()
    return float((last - first).total_seconds())


def _usage(process: Process) -> tuple[float, float]:
    """Memory in MB that is the worker's and its children's own, and their CPU seconds."""
    main = psutil.Process(process.pid)
    every = (main, *main.children(recursive=True))
    times = [each.cpu_times() for each in every]
    return sum(each.memory_full_info().pss for each in every) / 1e6, sum(each.user + each.system for each in times)
