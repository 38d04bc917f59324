"""What `tilldone up` has done to the stores before worker and beat may touch them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from tasks.presence import BEAT, WORKER, seen_lately, show_presence
from tests.valkey_server import ValkeyServer
from webapp.cli.prepare import is_schema_current, prepare
from webapp.live import redis_client


def test_a_migrated_sqlite_file_is_current(sqlite_url: str) -> None:
    assert is_schema_current(sqlite_url)


def test_an_older_sqlite_file_is_not_current(sqlite_url: str) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    assert not is_schema_current(sqlite_url)


def test_a_file_that_is_not_there_is_not_current_and_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite3"
    assert not is_schema_current(f"sqlite:///{path}")
    assert not path.exists()


def test_what_was_seen_before_this_start_is_forgotten(
    app: Flask, sqlite_url: str, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_client.init_app(app, valkey.url)
    show_presence(app, WORKER)
    show_presence(app, BEAT)
    assert seen_lately(WORKER) and seen_lately(BEAT)

    # The folder whose own socket the server listens on: what `up` calls embedded.
    home = valkey.url.removeprefix("unix://").removesuffix("/valkey.sock")
    environment = {"TILLDONE_HOME": home, "DATABASE_URL": sqlite_url, "SECRET_KEY": "a key", "REDIS_URL": ""}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert CliRunner().invoke(prepare).exit_code == 0

    assert not seen_lately(WORKER) and not seen_lately(BEAT)
