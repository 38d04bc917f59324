"""Alembic's entry: online only, on the connection that webapp.migrate or `flask db` gives."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from webapp.database import db


def run() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        _migrate(given)
        return
    with current_app.app_context(), db.engine.connect() as connection:
        _migrate(connection.execution_options(is_writer=True))
        connection.commit()


def _migrate(connection: Connection) -> None:
    # SQLite cannot alter a column in place: batch mode copies the table instead.
    context.configure(connection=connection, target_metadata=db.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run()
