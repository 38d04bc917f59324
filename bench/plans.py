"""The plans of the statements that a piece of work really sends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from webapp.database import db


def plans(work: Callable[[], object]) -> Iterator[list[str]]:
    """Of each SELECT the lines of its plan."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    with _statements() as statements:
        work()
    for statement, parameters in statements:
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        with db.engine.connect() as connection:
            yield [str(row[-1]) for row in connection.exec_driver_sql(explain + statement, parameters)]


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
