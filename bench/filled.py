"""Fills a database with finished and waiting scans by one statement each, as the life cycle would leave them."""

import json
import os

from sqlalchemy import text

from webapp.database import db
from webapp.scans.counts import fold_counts
from webapp.scans.retry_policy import RetryPolicy

FINISHED = int(os.environ.get("BENCH_FINISHED", "1000000"))
WAITING = int(os.environ.get("BENCH_WAITING", "100000"))

_COLUMNS = """id, url, host, method, policy, state, revision, attempt, interruptions, crashes, token,
    trigger, due_at, deadline_at, created_at, started_at, finished_at"""
_DIALECTS = {
    "sqlite": {
        "numbers": "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)",
        "source": "numbers",
        "id": "printf('%032x', n)",
        "later": "strftime('%Y-%m-%d %H:%M:%f', 'now', '{} seconds') || '000'",
        "json": "{}",
    },
    "postgresql": {
        "numbers": "",
        "source": "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS numbers(n)",
        "id": "CAST(lpad(to_hex(n), 32, '0') AS uuid)",
        "later": "now() + interval '{} seconds'",
        "json": "CAST({} AS json)",
    },
}


def fill(finished: int = FINISHED, waiting: int = WAITING) -> None:
    """Waiting scans are due in an hour; statistics are fresh afterwards."""
    _insert("succeeded", 1, finished)
    _insert("waiting", finished + 1, finished + waiting)
    _rest()
    analyze()


def _rest() -> None:
    """As after hours of upkeep, which would take many minutes for so many: counted, and no text left to be indexed."""
    while fold_counts(100_000):
        pass
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM search_todo"))
    if db.engine.dialect.name == "postgresql":
        # As the autovacuum will have done, or each look would first read past what is gone.
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM search_todo, scan_count_change"))


def analyze() -> None:
    with db.engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def _insert(state: str, first: int, last: int) -> None:
    dialect = _DIALECTS[db.engine.dialect.name]
    later, as_json = dialect["later"].format, dialect["json"].format
    due, finished = (later(3600), "NULL") if state == "waiting" else ("NULL", later(0))
    values = f"""{dialect["id"]}, 'https://target.example/' || n, 'target.example', 'GET',
        {as_json(":policy")}, '{state}', 3, 1, 0, 0, 1, 'initial', {due}, {later(7200)}, {later(0)}, {later(0)},
        {finished}"""
    statement = f"INSERT INTO scan ({_COLUMNS}) {dialect['numbers']} SELECT {values} FROM {dialect['source']}"
    with db.engine.begin() as connection:
        policy = json.dumps(RetryPolicy().to_json())
        connection.execute(text(statement), {"first": first, "last": last, "policy": policy})
