"""What counts and search cost those who write, beside the same writes without their triggers; and what upkeep costs."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Final

from sqlalchemy import text

from bench.parts import percentile
from tests.factories import GOOD, a_claim, settle
from webapp.database import db, transaction
from webapp.scans import lifecycle
from webapp.scans.counts import fold_counts
from webapp.scans.draft import Draft
from webapp.scans.lifecycle import purge
from webapp.scans.search_index import index_texts

_SUBMITTED: Final = 10_000
_SETTLED: Final = 400
_ROUNDS: Final = 3
_STEPS: Final = 40


def measure_upkeep() -> None:
    rounds = [(_writes(), _without_triggers()) for _ in range(_ROUNDS)]
    for index, title in enumerate(("submit 10,000", "claim and settle one")):
        kept, bare = (median(side[index] for side in sides) for sides in zip(*rounds, strict=True))
        print(f"    {title:38} {kept:8.2f} ms   without triggers {bare:8.2f} ms   ratio {kept / bare:.2f}")
    _print_steps("fold 2,000 changes", lambda: fold_counts(2_000))
    _print_steps("index 250 texts", lambda: index_texts(250))
    while fold_counts(2_000):
        pass
    _print_steps("purge 100 scans", lambda: purge(100, keep_seconds=0))


def _writes() -> tuple[float, float]:
    drafts = [Draft(url=f"https://host-{n % 200}.example/export/{n}") for n in range(_SUBMITTED)]
    ids: list[uuid.UUID] = []
    submit = _milliseconds(lambda: ids.extend(c.id for c in lifecycle.submit(drafts, batch_name="bench").changes))
    done = _milliseconds(lambda: [settle(a_claim(scan_id), GOOD) for scan_id in ids[:_SETTLED]])
    return submit, done / _SETTLED


def _without_triggers() -> tuple[float, float]:
    with _dropped_triggers():
        figures = _writes()
        # Nothing may stay that was not counted.
        with transaction() as connection:
            connection.execute(
                text("DELETE FROM scan WHERE batch_id = (SELECT id FROM batch ORDER BY id DESC LIMIT 1)")
            )
    return figures


@contextmanager
def _dropped_triggers() -> Iterator[None]:
    """Put back as they were, by their own words."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    if is_sqlite:
        known = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'scan'"
    else:
        known = """SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger
            WHERE tgrelid = CAST('scan' AS regclass) AND NOT tgisinternal"""
    with transaction() as connection:
        triggers = connection.execute(text(known)).all()
        for name, _ in triggers:
            connection.execute(text(f"DROP TRIGGER {name}" + ("" if is_sqlite else " ON scan")))
    yield
    with transaction() as connection:
        for _, definition in triggers:
            connection.exec_driver_sql(definition)


def _print_steps(title: str, step: Callable[[], int]) -> None:
    times, rows = [], 0
    for _ in range(_STEPS):
        taken: list[int] = []
        times.append(_milliseconds(lambda taken=taken: taken.append(step())))
        rows += taken[0]
    p50, p95, most = percentile(times, 50), percentile(times, 95), max(times)
    print(f"    {title:38} p50 {p50:6.1f}   p95 {p95:6.1f}   max {most:6.1f} ms   {1000 * rows / sum(times):,.0f}/s")


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
