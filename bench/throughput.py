"""Scans settled per second by one worker, beside the naive task on the same broker and target."""

import os
from statistics import median

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


def run() -> None:
    print(
        f"\nThroughput: one prefork worker of {CONCURRENCY}, {SCANS} scans, {ROUNDS} rounds in turn, fast loopback target"
    )
    with Target() as target:
        for database in ("sqlite", "postgres"):
            with parts(database) as settings:
                rounds = [(_ours(settings, target), _naive(settings, target)) for _ in range(ROUNDS)]
            ours, naive = (median(column) for column in zip(*rounds, strict=True))
            ratio = median(a / b for a, b in rounds)
            print(f"  {database:9} {ours:6.0f} scans/s   naive {naive:6.0f} tasks/s   ratio {ratio:.2f}  (aim 0.60)")


def _ours(settings: Settings, target: Target) -> float:
    app = create_app(settings)
    with app.app_context():
        target.expect(SCANS)
        submission = lifecycle.submit([Draft(target.url(str(n))) for n in range(SCANS)], batch_name="bench")
        assert wake(submission.wake_ups)
    with worker(settings, concurrency=CONCURRENCY, LOG_LEVEL="INFO"):
        target.wait(300)
    return target.rate()


def _naive(settings: Settings, target: Target) -> float:
    target.expect(SCANS)
    naive.celery.conf.broker_url = settings.broker_url
    with naive.celery.connection_for_write() as connection, connection.Producer() as producer:
        for n in range(SCANS):
            naive.scan.apply_async((target.url(str(n)),), producer=producer)
    argv = [PYTHON, "-m", "celery", "-A", "bench.naive:celery", "worker", "-c", str(CONCURRENCY), "--loglevel=INFO"]
    flags = ["-Q", "naive", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    process = Process([*argv, *flags], environment(settings))
    try:
        target.wait(300)
    finally:
        process.stop()
    return target.rate()
