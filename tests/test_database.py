"""The database's ways, on both kinds: its clock, its transactions, its schema."""

import datetime as dt
import threading

import psycopg
import pytest
from flask import Flask
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from tests.factories import a_scan, row
from webapp import database
from webapp.database import db, now, transaction
from webapp.migrate import upgrade


def test_the_clock_is_utc_and_reckons_in_seconds(either_app: Flask) -> None:
    with db.engine.connect() as connection:
        moment, later, earlier = connection.execute(select(now(), now(90.5), now(-0.25))).one()

    assert moment.tzinfo is not None and abs((dt.datetime.now(dt.UTC) - moment).total_seconds()) < 5
    assert (later - moment).total_seconds() == pytest.approx(90.5, abs=0.01)
    assert (earlier - moment).total_seconds() == pytest.approx(-0.25, abs=0.01)


def test_a_transaction_that_fails_leaves_nothing(either_app: Flask) -> None:
    scan_id = a_scan()

    with pytest.raises(RuntimeError), transaction() as connection:
        connection.execute(text("UPDATE scan SET revision = 99"))
        raise RuntimeError

    assert row(scan_id).revision == 1


def test_two_writers_wait_for_each_other_and_both_get_through(either_app: Flask) -> None:
    scan_id = a_scan()
    ready = threading.Barrier(4)

    def add_ten() -> None:
        with either_app.app_context():
            ready.wait(10)
            for _ in range(10):
                with transaction() as connection:
                    connection.execute(text("UPDATE scan SET token = token + 1"))

    threads = [threading.Thread(target=add_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert row(scan_id).token == 40


def test_a_reader_does_not_wait_for_a_writer(either_app: Flask) -> None:
    scan_id = a_scan()

    with transaction() as connection:
        connection.execute(text("UPDATE scan SET revision = 99"))

        assert row(scan_id).revision == 1


def test_migrating_twice_does_no_harm_and_matches_the_models(either_app: Flask) -> None:
    upgrade(either_app)

    tables = {name for name in inspect(db.engine).get_table_names() if not name.startswith("search_fts")}
    assert tables == set(db.metadata.tables) | {"alembic_version"}
    for name, table in db.metadata.tables.items():
        columns = {column["name"]: column["nullable"] for column in inspect(db.engine).get_columns(name)}
        assert columns == {column.name: column.nullable for column in table.columns}
        indexes = {index["name"] for index in inspect(db.engine).get_indexes(name)} - {"ix_search_text_grams"}
        assert indexes == {index.name for index in table.indexes}


def test_a_connection_that_the_server_closed_while_it_rested_is_replaced(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "RESTED_SECONDS", 0.0)
    app = Flask("alone")
    database.init_database(app, postgres_url.replace("postgresql://", "postgresql+psycopg://"), pool_size=1)
    with app.app_context():
        with db.engine.connect() as connection:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

        with db.engine.connect() as connection:
            assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid
        db.engine.dispose()


def test_an_error_says_nothing_of_what_was_to_be_stored(app: Flask) -> None:
    with pytest.raises(IntegrityError) as told, transaction() as connection:
        connection.execute(text("INSERT INTO batch (id, name) VALUES (NULL, :name)"), {"name": "canary-header"})

    assert "canary-header" not in str(told.value)
