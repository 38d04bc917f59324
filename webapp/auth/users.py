"""People: who there is, and what an admin does to them."""

import unicodedata
import uuid
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from webapp.auth import passwords, sessions
from webapp.auth.errors import LastAdmin, NoSuchUser, OddName
from webapp.auth.locks import hold_users
from webapp.auth.models import NAME_LENGTH, SESSION_TABLE, USER_TABLE, Session, User
from webapp.auth.rights import Role
from webapp.database import db, now, transaction

#: The first one, where none was named; it is also whose password ADMIN_PASSWORD_HASH is.
ADMIN_NAME: Final = "admin"


def list_users() -> Sequence[User]:
    return db.session.scalars(select(User).order_by(User.name)).all()


def get_user(user_id: uuid.UUID) -> User:
    """Raises NoSuchUser."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NoSuchUser("Nobody has this id; they may have been removed.")
    return user


def find_user(name: str) -> User | None:
    return db.session.scalars(select(User).where(User.name == _plain(name))).one_or_none()


def create_user(name: str, role: Role) -> uuid.UUID:
    """Somebody without a password yet: a link lets them choose one. Raises OddName."""
    with transaction() as connection:
        return insert_user(connection, name, role)


def insert_user(connection: Connection, name: str, role: Role, password_hash: str | None = None) -> uuid.UUID:
    """Within a transaction of the caller's. Raises OddName."""
    user_id = uuid7()
    values = {"id": user_id, "name": checked_name(name), "role": role, "password_hash": password_hash}
    try:
        connection.execute(insert(USER_TABLE), values)
    except IntegrityError as error:
        raise OddName(f"Somebody is called {values['name']} already. Take another name.") from error
    return user_id


def change_role(user_id: uuid.UUID, role: Role) -> str:
    """It holds from their next request on; returns their name. Raises NoSuchUser, LastAdmin."""
    return _change(user_id, {"role": role})


def disable(user_id: uuid.UUID) -> str:
    """They are signed out, and their tokens are good for nothing; returns their name. Raises NoSuchUser, LastAdmin."""
    name = _change(user_id, {"disabled_at": now()})
    sessions.close_all(user_id)
    return name


def enable(user_id: uuid.UUID) -> str:
    """Returns their name. Raises NoSuchUser."""
    return _change(user_id, {"disabled_at": None})


def set_password(user_id: uuid.UUID, name: str, password: str) -> None:
    """Ends all their sessions, in which somebody else may be. Raises WeakPassword, Busy."""
    passwords.check(password, name=name)
    password_hash = passwords.hash_password(password)
    with transaction() as connection:
        replace_password(connection, user_id, password_hash)


def replace_password(connection: Connection, user_id: uuid.UUID, password_hash: str) -> None:
    """Within a transaction of the caller's; all sessions end with it."""
    connection.execute(update(USER_TABLE).where(User.id == user_id).values(password_hash=password_hash))
    connection.execute(delete(SESSION_TABLE).where(Session.user_id == user_id))


def checked_name(name: str) -> str:
    """Raises OddName."""
    plain = _plain(name)
    if not plain or len(plain) > NAME_LENGTH:
        raise OddName(f"A name has 1 to {NAME_LENGTH} characters.")
    if not all(letter.isalnum() or letter in "._-@+" for letter in plain):
        raise OddName("A name has letters, digits and . _ - @ + only, as in ada or ada@example.com.")
    return plain


def _plain(name: str) -> str:
    """Names that look alike are one name."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _change(user_id: uuid.UUID, values: dict[str, Any]) -> str:
    with transaction() as connection:
        hold_users(connection)
        statement = update(USER_TABLE).where(User.id == user_id).values(**values).returning(USER_TABLE.c.name)
        name: str | None = connection.execute(statement).scalar_one_or_none()
        if name is None:
            raise NoSuchUser("Nobody has this id; they may have been removed.")
        if not count_admins(connection):
            raise LastAdmin("This is the last admin: without one nobody could let anybody in. Name another one first.")
    return name


def count_admins(connection: Connection) -> int:
    """Those who may come in."""
    which = (User.role == Role.ADMIN) & User.disabled_at.is_(None)
    return connection.execute(select(func.count()).select_from(USER_TABLE).where(which)).scalar_one()
