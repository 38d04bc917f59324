"""One-time links: whoever has one comes in, once."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from webapp.auth.errors import LinkSpent
from webapp.auth.models import LINK_TABLE, Link, Purpose, User
from webapp.auth.secret import fingerprint, new_secret
from webapp.database import now, single_statement, transaction

LOGIN_SECONDS: Final = 15 * 60
SETUP_SECONDS: Final = 60 * 60
INVITE_SECONDS: Final = 7 * 24 * 3600
_LIFE: Final = {Purpose.LOGIN: LOGIN_SECONDS, Purpose.SETUP: SETUP_SECONDS, Purpose.INVITE: INVITE_SECONDS}
#: One that `tilldone up` printed is good as long as that runs; that it was used must be known for longer.
_GIVEN_SECONDS: Final = 400 * 24 * 3600
_SPENT: Final = "This link was used already, or is too old."


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a link is for."""

    user_id: uuid.UUID
    name: str


def create_link(purpose: Purpose, user_id: uuid.UUID | None = None) -> str:
    """Its secret. A new invitation takes the place of the one before."""
    secret = new_secret()
    with transaction() as connection:
        connection.execute(delete(LINK_TABLE).where(Link.expires_at < now()))
        if purpose is Purpose.INVITE:
            connection.execute(delete(LINK_TABLE).where(Link.user_id == user_id, Link.purpose == purpose))
        values = {"fingerprint": fingerprint(secret), "purpose": purpose, "user_id": user_id}
        connection.execute(insert(LINK_TABLE).values(**values, expires_at=now(_LIFE[purpose])))
    return secret


def is_good(secret: str, purpose: Purpose) -> bool:
    query = select(Link.fingerprint).where(Link.fingerprint == fingerprint(secret), _is_unspent(purpose))
    with single_statement() as connection:
        return connection.execute(query).first() is not None


def is_any_good(purpose: Purpose) -> bool:
    with single_statement() as connection:
        return connection.execute(select(Link.fingerprint).where(_is_unspent(purpose)).limit(1)).first() is not None


def invited_by(secret: str) -> Invited:
    """Whom an invitation is for, without spending it. Raises LinkSpent."""
    query = select(User.id, User.name).join_from(Link, User)
    which = (Link.fingerprint == fingerprint(secret), User.disabled_at.is_(None), _is_unspent(Purpose.INVITE))
    with single_statement() as connection:
        row = connection.execute(query.where(*which)).one_or_none()
    if row is None:
        raise LinkSpent(f"{_SPENT} Ask an admin for another one.")
    return Invited(row[0], row[1])


def spend(connection: Connection, secret: str, purpose: Purpose) -> uuid.UUID | None:
    """Whose it was. Of two who try at once one gets LinkSpent."""
    statement = update(LINK_TABLE).where(Link.fingerprint == fingerprint(secret), _is_unspent(purpose))
    row = connection.execute(statement.values(used_at=now()).returning(LINK_TABLE.c.user_id)).one_or_none()
    if row is None:
        raise LinkSpent(_SPENT)
    user_id: uuid.UUID | None = row[0]
    return user_id


def spend_given(connection: Connection, secret: str, given: Collection[str]) -> bool:
    """Whether it is one of those that this process was started with, and it is used for the first time."""
    found = fingerprint(secret)
    if found not in given:
        return False
    values = {"fingerprint": found, "purpose": Purpose.LOGIN, "used_at": now(), "expires_at": now(_GIVEN_SECONDS)}
    try:
        connection.execute(insert(LINK_TABLE).values(**values))
    except IntegrityError as error:
        raise LinkSpent(_SPENT) from error
    return True


def forget_setup(connection: Connection) -> None:
    """Once there is an admin no setup link opens anything, used or not."""
    connection.execute(delete(LINK_TABLE).where(Link.purpose == Purpose.SETUP))


def _is_unspent(purpose: Purpose) -> ColumnElement[bool]:
    return (Link.purpose == purpose) & Link.used_at.is_(None) & (Link.expires_at > now())
