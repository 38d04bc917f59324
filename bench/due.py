"""What the scheduler costs beside a million finished scans and a hundred thousand that wait."""

import os
import threading
import time
from collections.abc import Callable

import psutil
from sqlalchemy import text

from bench.filled import FINISHED, WAITING, analyze, fill
from bench.parts import parts, percentile
from bench.plans import plans
from tasks.celery import celery
from tasks.due import PATIENCE_SECONDS, STEP_LIMIT, DueScheduler
from tasks.wake import wake
from tests.process import PYTHON, Process
from tests.stack import beat, environment
from webapp.app import create_app
from webapp.database import db
from webapp.scans import lifecycle
from webapp.settings import Settings

TICKS = int(os.environ.get("BENCH_TICKS", "200"))
CPU_SECONDS = float(os.environ.get("BENCH_CPU_SECONDS", "20"))
BUSY = 1000

STEPS: dict[str, Callable[[], object]] = {
    "look": lifecycle.look_ahead,
    "rescue": lambda: lifecycle.rescue(STEP_LIMIT, max_crashes=5, patience=5, lease_seconds=10),
    "due": lambda: lifecycle.take_due(STEP_LIMIT),
    "expire": lambda: lifecycle.expire(STEP_LIMIT),
    "unclaimed": lambda: lifecycle.take_unclaimed(STEP_LIMIT, patience=PATIENCE_SECONDS),
}


def run() -> None:
    print(f"\nDue: the scheduler beside {FINISHED} finished and {WAITING} waiting scans")
    for database in ("sqlite", "postgres"):
        with parts(database) as settings, create_app(settings).app_context():
            print(f"  {database}: filled in {_milliseconds(fill) / 1000:.0f} s")
            _plans("idle")
            _ticks("idle")
            _cpu(settings)
            _busy()
            _two_at_once()
            _burst()
            _ticks("after a burst")
            _plans("after a burst")
            db.engine.dispose()


def _ticks(when: str) -> None:
    whole = DueScheduler(app=celery)
    for name, step in {"tick": whole.tick, **STEPS}.items():
        times = [_milliseconds(step) for _ in range(TICKS)]
        p50, p99, most = percentile(times, 50), percentile(times, 99), max(times)
        print(f"    {when:13} {name:9} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   max {most:6.2f} ms")


def _plans(when: str) -> None:
    """An idle step sends no more than its question."""
    for name, step in STEPS.items():
        for lines in plans(step):
            print(f"    {when}, plan of {name}:", *lines, sep="\n        ")


def _cpu(settings: Settings) -> None:
    with beat(settings) as process:
        ours = _cpu_percent(process)
    argv = [PYTHON, "-m", "celery", "-A", "bench.naive:celery", "beat", "--pidfile=", "--loglevel=INFO"]
    process = Process([*argv, "-s", str(settings.home / "schedule")], environment(settings))
    try:
        process.wait_for("beat: Starting...", 30)
        floor = _cpu_percent(process)
    finally:
        process.stop()
    print(f"    CPU of one core: beat {ours:.2f} %   Celery's own with an empty schedule {floor:.2f} %   (aim 1 %)")


def _cpu_percent(process: Process) -> float:
    """The first two seconds, in which modules are still imported and connections opened, are left out."""
    watched = psutil.Process(process.pid)
    time.sleep(2)
    watched.cpu_percent()
    time.sleep(CPU_SECONDS)
    return watched.cpu_percent()


def _busy() -> None:
    _make_due(BUSY)
    taken: list[lifecycle.WakeUp] = []
    take = _milliseconds(lambda: taken.extend(lifecycle.take_due(STEP_LIMIT)))
    send = _milliseconds(lambda: wake(taken))
    print(f"    {len(taken)} due at once: taken in {take:.0f} ms, sent in {send:.0f} ms")


def _two_at_once() -> None:
    _make_due(BUSY)
    barrier = threading.Barrier(2)
    taken: list[list[lifecycle.WakeUp]] = []

    def take() -> None:
        with celery.flask_app.app_context():
            barrier.wait(10)
            taken.append(lifecycle.take_due(BUSY // 2))

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    both = set(taken[0]) & set(taken[1])
    print(f"    two schedulers at once: {len(taken[0])} and {len(taken[1])} scans taken, {len(both)} of them twice")


def _make_due(count: int) -> None:
    chosen = "SELECT id FROM scan WHERE state = 'waiting' AND sent_at IS NULL ORDER BY id LIMIT :count"
    with db.engine.begin() as connection:
        connection.execute(text(f"UPDATE scan SET due_at = created_at WHERE id IN ({chosen})"), {"count": count})


def _burst() -> None:
    """All that wait become due, are sent and end: dead entries are left at the front of each partial index.

    Statistics are taken in the middle of it, as autovacuum may: they say that the scheduler would find very much.
    """
    for values in (
        "due_at = created_at",
        "sent_at = created_at",
        "state = 'succeeded', due_at = NULL, sent_at = NULL, finished_at = created_at",
    ):
        with db.engine.begin() as connection:
            connection.execute(text(f"UPDATE scan SET {values} WHERE state = 'waiting'"))
        if "succeeded" not in values:
            analyze()


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
