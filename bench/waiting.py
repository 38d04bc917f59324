"""What 100,000 scans that wait cost in memory, beside the naive way: messages with an ETA, held by a worker."""

import os
import time

import psutil
import redis

from bench import naive
from bench.filled import WAITING, fill
from bench.parts import CONCURRENCY, parts
from tests.process import PYTHON, Process
from tests.stack import beat, environment, worker
from webapp.app import create_app
from webapp.database import db
from webapp.settings import Settings

#: The naive way is slow to fill, so fewer are held; figures are for each scan.
HELD = int(os.environ.get("BENCH_HELD", "10000"))
SETTLE_SECONDS = 10


def run() -> None:
    print(f"\nWaiting: {WAITING} scans that are due in an hour, beside {HELD} messages with an ETA")
    each: dict[str, float] = {}
    for database in ("sqlite", "postgres"):
        with parts(database) as settings:
            each[database] = _print(database, _ours(settings), WAITING)
            if database == "postgres":
                each["naive"] = _print("naive", _naive(settings), HELD)
    # Ours is noise around nought, so it is taken for a byte at the least.
    ours = max(1.0, each["sqlite"], each["postgres"])
    print(f"  naive takes {each['naive'] / ours:.0f} times the memory or more for each scan that waits")


def _print(name: str, grown: tuple[int, int], count: int) -> float:
    """Returns the bytes for each."""
    worker_bytes, broker_bytes = grown
    each = (worker_bytes + broker_bytes) / count
    mib = 1024 * 1024
    print(
        f"  {name:9} worker {worker_bytes / mib:+7.1f} MiB   Valkey {broker_bytes / mib:+7.1f} MiB   {each:8.0f} B each"
    )
    return each


def _ours(settings: Settings) -> tuple[int, int]:
    """The database is filled between two looks at the same worker, while the scheduler ticks."""
    with worker(settings, concurrency=CONCURRENCY) as process, beat(settings):
        time.sleep(SETTLE_SECONDS)
        before = _memory(settings, process)
        with create_app(settings).app_context():
            fill(1, WAITING)
            db.engine.dispose()
        time.sleep(SETTLE_SECONDS)
        return _grown(before, _memory(settings, process))


def _naive(settings: Settings) -> tuple[int, int]:
    naive.celery.conf.broker_url = settings.broker_url
    argv = [PYTHON, "-m", "celery", "-A", "bench.naive:celery", "worker", "-c", str(CONCURRENCY), "--loglevel=INFO"]
    flags = ["-Q", "naive", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    process = Process([*argv, *flags], environment(settings))
    try:
        process.wait_for(" ready.", 30)
        time.sleep(SETTLE_SECONDS)
        before = _memory(settings, process)
        _send_for_later()
        _wait_until_all_are_held(settings)
        return _grown(before, _memory(settings, process))
    finally:
        # Asked kindly, it would hand back each of them.
        process.stop(timeout=0.1)


def _send_for_later() -> None:
    with naive.celery.connection_for_write() as connection, connection.Producer() as producer:
        for n in range(HELD):
            naive.scan.apply_async((f"http://127.0.0.1:9/{n}",), countdown=3600, producer=producer)


def _wait_until_all_are_held(settings: Settings) -> None:
    with redis.Redis.from_url(settings.redis_url) as client:
        deadline = time.monotonic() + 120
        while client.llen("naive") and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not client.llen("naive"), "the naive worker did not take all"


def _memory(settings: Settings, process: Process) -> tuple[int, int]:
    main = psutil.Process(process.pid)
    pss = sum(each.memory_full_info().pss for each in (main, *main.children(recursive=True)))
    with redis.Redis.from_url(settings.redis_url) as client:
        return pss, int(client.info("memory")["used_memory"])


def _grown(before: tuple[int, int], after: tuple[int, int]) -> tuple[int, int]:
    return after[0] - before[0], after[1] - before[1]
