"""One at a time: what must not happen twice at once to the users as a whole."""

from typing import Final

from sqlalchemy import Connection, text

#: PostgreSQL's advisory lock of whoever makes the first admin, or takes one away.
_USERS: Final = 0x7111D0F


def hold_users(connection: Connection) -> None:
    """Until the transaction ends; SQLite has its write lock already, from BEGIN IMMEDIATE."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _USERS})
