"""Alembic's entry: runs the migrations on the connection, and in the transaction, that webapp.migrate gives."""

from alembic import context

from webapp.database import db

# SQLite cannot alter a column in place: batch mode copies the table instead.
context.configure(connection=context.config.attributes["connection"], target_metadata=db.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
