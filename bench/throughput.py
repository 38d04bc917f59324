"""Scans settled per second by one worker, beside the naive task on the same broker and target."""

import os
from dataclasses import dataclass
from statistics import median

import psutil

from bench import naive
from bench.parts import CONCURRENCY, parts
from bench.target import Target
from tasks.wake import wake
from tests.process import PYTHON, Process
from tests.stack import environment, worker
from webapp.app import create_app
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.settings import Settings

SCANS = int(os.environ.get("BENCH_SCANS", "1500"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))


@dataclass(frozen=True)
class Figures:
    """``per_second`` by the clock; ``cpu_ms`` for each task, of the worker and its children: it hardly knows noise."""

    per_second: float
    cpu_ms: float


def run() -> None:
    print(f"\nThroughput: one prefork worker of {CONCURRENCY}, {SCANS} scans, {ROUNDS} rounds in turn, fast target")
    with Target() as target:
        for database in ("sqlite", "postgres"):
            with parts(database) as settings:
                rounds = [(_ours(settings, target), _naive(settings, target)) for _ in range(ROUNDS)]
            _print(database, rounds)


def _print(database: str, rounds: list[tuple[Figures, Figures]]) -> None:
    ours, naive = (median(figures.per_second for figures in column) for column in zip(*rounds, strict=True))
    ratio = median(a.per_second / b.per_second for a, b in rounds)
    print(f"  {database:9} {ours:6.0f} scans/s   naive {naive:6.0f} tasks/s   ratio {ratio:.2f}  (aim 0.60)")
    ours, naive = (median(figures.cpu_ms for figures in column) for column in zip(*rounds, strict=True))
    print(f"  {'':9} {ours:6.2f} ms CPU    naive {naive:6.2f} ms CPU    ratio {naive / ours:.2f}")


def _ours(settings: Settings, target: Target) -> Figures:
    app = create_app(settings)
    target.hits.clear()
    with app.app_context():
        submission = lifecycle.submit([Draft(target.url(str(n))) for n in range(SCANS)], batch_name="bench")
        assert wake(submission.wake_ups)
    with worker(settings, concurrency=CONCURRENCY) as process:
        return _figures(process, target)


def _naive(settings: Settings, target: Target) -> Figures:
    target.hits.clear()
    naive.celery.conf.broker_url = settings.broker_url
    with naive.celery.connection_for_write() as connection, connection.Producer() as producer:
        for n in range(SCANS):
            naive.scan.apply_async((target.url(str(n)),), producer=producer)
    argv = [PYTHON, "-m", "celery", "-A", "bench.naive:celery", "worker", "-c", str(CONCURRENCY), "--loglevel=INFO"]
    flags = ["-Q", "naive", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    process = Process([*argv, *flags], environment(settings))
    try:
        return _figures(process, target)
    finally:
        process.stop()


def _figures(process: Process, target: Target) -> Figures:
    """The start of the worker is left out: measured from the first tenth to the end."""
    skipped = SCANS // 10
    target.wait(skipped)
    before = _cpu_seconds(process)
    target.wait(SCANS)
    cpu = _cpu_seconds(process) - before
    return Figures(target.rate(), 1000 * cpu / (SCANS - skipped))


def _cpu_seconds(process: Process) -> float:
    main = psutil.Process(process.pid)
    times = [each.cpu_times() for each in (main, *main.children(recursive=True))]
    return sum(each.user + each.system for each in times)
