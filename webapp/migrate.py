"""Bring the schema to the newest revision, however many processes ask for it at once."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import Connection, text

from webapp.auth import models as auth_models
from webapp.database import db
from webapp.scans import derived, models, templates
from webapp.scans.triggers import install_triggers

MIGRATIONS: Final = Path(__file__).parent / "migrations"
#: PostgreSQL's advisory lock that one migrating process holds.
_LOCK: Final = 0x7111D0E
_ = models, derived, templates, auth_models  # the tables must be known to the metadata before Alembic looks at it


def upgrade(app: Flask) -> None:
    """Create or update the schema; does nothing when it is up to date."""
    with app.app_context(), db.engine.connect() as connection:
        connection = connection.execution_options(is_writer=True)
        with connection.begin():
            _lock(connection)
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            install_triggers(connection)


def _lock(connection: Connection) -> None:
    """SQLite has its write lock already, from BEGIN IMMEDIATE."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
