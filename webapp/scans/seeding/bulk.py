"""Writes made-up scans in bulk: past the life cycle, and through the same triggers."""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from psycopg import sql
from sqlalchemy import Connection, column, insert, table

from webapp.database import db, transaction
from webapp.scans.counts import fold_counts
from webapp.scans.search_index import index_texts
from webapp.scans.seeding.stories import ANSWER_COLUMNS, ATTEMPT_COLUMNS, SCAN_COLUMNS, Row, Stories, id_at
from webapp.scans.triggers import GRAMS_INDEX

#: How many scans are there, of how many.
Progress = Callable[[int, int], None]

_CHUNK: Final = 10_000
_DAYS: Final = 30
#: Every other stretch of scans is a batch; the others came one by one.
_BATCH_SIZES: Final = (20, 100, 500, 2_000, 10_000)
_BATCH_COLUMNS: Final = ("id", "name", "total", "created_at")
_BATCH_NAMES: Final = ("Nightly exports", "Orders", "Price feeds", "Media files", "Builds", "")


def seed(scans: int, *, attempts_each: float = 5.0, progress: Progress = lambda *_: None) -> None:
    """Add so many scans of the past month, the newest last, with counts and search in place afterwards."""
    dice = random.Random(scans)
    stories = Stories(dice, attempts_each)
    first = dt.datetime.now(dt.UTC) - dt.timedelta(days=_DAYS)
    step = dt.timedelta(days=_DAYS) / max(1, scans)
    is_postgres = db.engine.dialect.name == "postgresql"
    if is_postgres:
        # An index that is there is a hundred times slower to fill than one that is made afterwards.
        _run("DROP INDEX IF EXISTS ix_search_text_grams")
    batches: list[Row] = []
    batch_id, left = None, 0
    for number in range(scans):
        created = first + number * step
        if not left:
            left = min(dice.choice(_BATCH_SIZES), scans - number)
            batch_id = None if batch_id else id_at(created, dice).hex
            if batch_id:
                batches.append((batch_id, dice.choice(_BATCH_NAMES), left, str(created.replace(tzinfo=None))))
        left -= 1
        stories.tell(created, batch_id)
        if len(stories.scans) == _CHUNK or number + 1 == scans:
            _write(batches, stories)
            progress(number + 1, scans)
    if is_postgres:
        _run("SET LOCAL maintenance_work_mem = '256MB'", GRAMS_INDEX)
    _run("ANALYZE")


def _write(batches: list[Row], stories: Stories) -> None:
    with transaction() as connection:
        _insert(connection, "batch", _BATCH_COLUMNS, batches)
        _insert(connection, "scan", SCAN_COLUMNS, stories.scans)
        _insert(connection, "attempt", ATTEMPT_COLUMNS, stories.attempts)
        _insert(connection, "answer", ANSWER_COLUMNS, stories.answers)
    for rows in (batches, stories.scans, stories.attempts, stories.answers):
        rows.clear()
    while fold_counts(_CHUNK) or index_texts(_CHUNK, characters=1_000_000):
        pass


def _insert(connection: Connection, name: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        # As plain text: the rows are in SQLite's own words already, which the columns' types would translate again.
        plain = insert(table(name, *map(column, columns)))
        connection.exec_driver_sql(str(plain.compile(dialect=connection.dialect)), list(rows))
        return
    connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    cursor: Any = connection.connection.cursor()
    with cursor.copy(statement) as copy:
        copy.write("".join("\t".join(map(_copied, row)) + "\n" for row in rows))


def _copied(value: Any) -> str:
    if value is None:
        return "\\N"
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def _run(*statements: str) -> None:
    with transaction() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
