"""Makes the stores fit for use before worker and beat touch them; quick when there is nothing to do."""

import importlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import click
import redis

from webapp.cli import ROOT
from webapp.cli.refused import Refused, first_line
from webapp.live.redis_client import connect
from webapp.settings import Settings

#: How long the embedded Valkey may take to load what it kept.
_LOADING_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.05
#: The keys of tasks.presence, which is not imported here: it would bring all of Celery along.
_PRESENCE: Final = "tilldone:presence:*"
_SQLITE: Final = "sqlite:///"


@click.command(hidden=True)
def prepare() -> None:
    """See that Redis answers and that the schema is new enough (`tilldone up` does it)."""
    settings = Settings.from_env()
    with connect(settings.redis_url) as client:
        _greet(client, patience=_LOADING_SECONDS if settings.is_redis_embedded else 0.0)
        if settings.is_redis_embedded:
            _forget_presence(client)
    if not is_schema_current(settings.database_url):
        importlib.import_module("webapp.cli.migrate").migrate_database(settings)


def is_schema_current(database_url: str) -> bool:
    """Asked of SQLite alone, and without SQLAlchemy and Alembic: importing them would take most of a usual start.

    A revision's id is the number that its file's name begins with. Where it is not, the answer is no.
    """
    if not database_url.startswith(_SQLITE):
        return False
    try:
        uri = f"{Path(database_url.removeprefix(_SQLITE)).absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest_revision(),)]
    except sqlite3.Error:
        return False


def newest_revision() -> str:
    return max(path.name.split("_")[0] for path in (ROOT / "webapp/migrations/versions").glob("[0-9]*.py"))


def _greet(client: redis.Redis, *, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not _answers(client, is_last_try=time.monotonic() >= deadline):
        time.sleep(_PAUSE_SECONDS)


def _answers(client: redis.Redis, *, is_last_try: bool) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError as error:
        if not is_last_try:
            return False
        raise Refused(
            f"REDIS_URL: no answer ({first_line(error)}); start that server or correct the address, "
            "or unset REDIS_URL to use the embedded Valkey."
        ) from error


def _forget_presence(client: redis.Redis) -> None:
    """What the start before this one left would say that worker and beat are here already."""
    for key in client.scan_iter(_PRESENCE):
        client.delete(key)
