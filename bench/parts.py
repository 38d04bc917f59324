"""The real parts that a benchmark runs on: Valkey, SQLite or PostgreSQL, and the settings that join them."""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import settings_for
from tests.postgres_server import PostgresServer
from tests.valkey_server import ValkeyServer
from webapp.app import create_app
from webapp.database import db
from webapp.migrate import upgrade
from webapp.settings import Settings

CONCURRENCY = 4


@contextmanager
def parts(database: str) -> Iterator[Settings]:
    """Settings for ``sqlite`` or ``postgres``, with the schema in place."""
    home = Path(tempfile.mkdtemp(prefix="td-bench-"))
    valkey = ValkeyServer()
    valkey.start()
    postgres = PostgresServer(home / "pg") if database == "postgres" else None
    try:
        url = postgres.create_database() if postgres else f"sqlite:///{home / 'bench.sqlite3'}"
        settings = dataclasses.replace(settings_for(home, url, valkey.url), worker_concurrency=CONCURRENCY)
        _migrate(settings)
        yield settings
    finally:
        if postgres:
            postgres.stop()
        valkey.discard()
        shutil.rmtree(home, ignore_errors=True)


def _migrate(settings: Settings) -> None:
    app = create_app(settings)
    upgrade(app)
    with app.app_context():
        db.engine.dispose()


def percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
