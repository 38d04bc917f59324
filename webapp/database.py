"""The database: one declarative base, one clock, and transactions that suit SQLite and PostgreSQL alike."""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Engine, Float, MetaData, bindparam, event
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

#: How long a SQLite writer waits for the one before it.
SQLITE_BUSY_SECONDS = 30
#: A connection that was not used for so long is asked whether it still stands.
RESTED_SECONDS = 1.0
#: A host that vanished answers nobody, not even with a reset: without these a question would wait for many minutes.
_IMPATIENT = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A moment, always timezone-aware UTC; SQLite keeps it as text of fixed width, so that it sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return value.astimezone(dt.UTC) if value is not None else None

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None or value.tzinfo is dt.UTC:
            return value
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class now(FunctionElement[dt.datetime]):  # noqa: N801 - reads as the SQL function it is
    """The database's clock at the start of the statement; ``now(seconds)`` is that much later."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, seconds: Any = None) -> None:
        super().__init__(*(() if seconds is None else (_as_float(seconds),)))


def _as_float(seconds: Any) -> Any:
    return bindparam(None, float(seconds), Float()) if isinstance(seconds, int | float) else seconds


@compiles(now, "postgresql")
def _now_postgresql(element: now, compiler: SQLCompiler, **kw: Any) -> str:
    # Not clock_timestamp(): it is volatile, so no index could serve "due_at <= now()".
    seconds = compiler.process(element.clauses, **kw)
    return f"(statement_timestamp() + make_interval(secs => {seconds}))" if seconds else "statement_timestamp()"


@compiles(now, "sqlite")
def _now_sqlite(element: now, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    modifier = f", printf('%+.3f seconds', {seconds})" if seconds else ""
    # SQLite knows milliseconds; SQLAlchemy writes six digits, and texts of one width compare as times do.
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now'{modifier}) || '000')"


def init_database(app: Flask, url: str, *, pool_size: int) -> None:
    """Bind ``db`` to the app; connections are opened when they are first needed."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    # A statement's parameters are other people's headers and answers: no error may carry them into a log.
    options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": pool_size, "hide_parameters": True}
    if url.startswith("postgresql"):
        options |= {"connect_args": _IMPATIENT}
    else:
        options |= {"connect_args": {"timeout": SQLITE_BUSY_SECONDS}}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _tame_sqlite(db.engine)
        else:
            _notice_restarts(db.engine)


def _notice_restarts(engine: Engine) -> None:
    """Ask a connection that has rested whether it still stands, and have it replaced if not.

    SQLAlchemy's own pool_pre_ping would ask each time: a round trip more for every statement of a busy worker.
    """

    @event.listens_for(engine, "checkin")
    def checkin(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def checkout(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("rests_since", time.monotonic()) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("the server closed the connection") from error


def _tame_sqlite(engine: Engine) -> None:
    """WAL, so that readers never wait; and our own BEGIN, since the driver's would deadlock two writers."""

    @event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("is_single"):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("is_writer") else "BEGIN")


@contextmanager
def transaction() -> Iterator[Connection]:
    """A write transaction on a connection of its own: commits at the end, rolls back on an exception.

    On SQLite it takes the write lock first (BEGIN IMMEDIATE): one that reads before it writes could not be retried.
    """
    with db.engine.connect() as connection:
        connection = connection.execution_options(is_writer=True)
        with connection.begin():
            yield connection


@contextmanager
def single_statement() -> Iterator[Connection]:
    """For one statement that changes one row: a transaction by itself, without the round trips of BEGIN and COMMIT."""
    # SQLite's driver is in autocommit mode already, and SQLAlchemy's switch would leave it in another one.
    is_sqlite = db.engine.dialect.name == "sqlite"
    options: dict[str, Any] = {"is_single": True} if is_sqlite else {"isolation_level": "AUTOCOMMIT"}
    with db.engine.connect() as connection:
        yield connection.execution_options(**options)
