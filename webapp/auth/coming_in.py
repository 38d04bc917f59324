"""The ways in: by password, by a one-time link, and as the very first admin."""

import logging
import uuid
from typing import Final

from sqlalchemy import select

from webapp.auth import links, passwords, users
from webapp.auth.audit import note
from webapp.auth.errors import LinkSpent, OddName
from webapp.auth.locks import hold_users
from webapp.auth.models import Purpose, User
from webapp.auth.rights import Role
from webapp.database import single_statement, transaction
from webapp.settings import Settings

log = logging.getLogger(__name__)

#: Those who may come in, the one of the settings first.
_ADMINS: Final = (
    select(User.id)
    .where(User.role == Role.ADMIN, User.disabled_at.is_(None))
    .order_by(User.name != users.ADMIN_NAME, User.id)
)


def by_password(name: str, password: str, settings: Settings) -> User | None:
    """Takes the same time whether there is nobody of this name or the password is wrong. Raises Busy."""
    user = users.find_user(name)
    is_right = passwords.matches(password, _hash_of(user, settings))
    return user if user is not None and is_right and user.disabled_at is None else None


def by_link(secret: str, settings: Settings) -> User:
    """Whom a one-time login link lets in. Raises LinkSpent."""
    with transaction() as connection:
        if links.spend_given(connection, secret, settings.login_links):
            user_id = connection.execute(_ADMINS.limit(1)).scalar_one_or_none()
        else:
            user_id = links.spend(connection, secret, Purpose.LOGIN)
        if user_id is None:
            raise LinkSpent("Whom this link is for may not come in any more.")
    user = users.get_user(user_id)
    if user.disabled_at is not None:
        raise LinkSpent("Whom this link is for may not come in any more.")
    return user


def by_invitation(secret: str, password: str) -> uuid.UUID:
    """Who was invited, with the password that they chose. Raises LinkSpent, WeakPassword, Busy."""
    invited = links.invited_by(secret)
    passwords.check(password, name=invited.name)
    password_hash = passwords.hash_password(password)
    with transaction() as connection:
        links.spend(connection, secret, Purpose.INVITE)
        users.replace_password(connection, invited.user_id, password_hash)
    return invited.user_id


def as_first_admin(secret: str, name: str, password: str) -> uuid.UUID:
    """Of all who try at once one becomes it. Raises LinkSpent, OddName, WeakPassword, Busy."""
    if not links.is_good(secret, Purpose.SETUP):
        raise LinkSpent("This link was used already, or is too old.")
    passwords.check(password, name=users.checked_name(name))
    password_hash = passwords.hash_password(password)
    with transaction() as connection:
        hold_users(connection)
        links.spend(connection, secret, Purpose.SETUP)
        if users.count_admins(connection):
            raise LinkSpent("There is an admin already.")
        links.forget_setup(connection)
        return users.insert_user(connection, name, Role.ADMIN, password_hash)


def is_set_up(settings: Settings) -> bool:
    """Whether there is somebody who may let others in; makes the admin whom the settings tell of."""
    if _is_there_an_admin():
        return True
    if settings.admin_password_hash or settings.login_links:
        ensure_admin()
    return _is_there_an_admin()


def ensure_admin() -> None:
    """The one whom the environment's password is for, and who comes in by the links of `tilldone up`."""
    try:
        users.create_user(users.ADMIN_NAME, Role.ADMIN)
        note("admin made", user=users.ADMIN_NAME)
    except OddName:
        log.debug("there is one already")


def has_password(user: User, settings: Settings) -> bool:
    return _hash_of(user, settings) is not None


def is_password_given(user: User, settings: Settings) -> bool:
    """By the environment: then it is changed there."""
    return user.name == users.ADMIN_NAME and settings.admin_password_hash is not None


def offer_setup(*, is_start: bool) -> str | None:
    """A new setup link's secret, at a start and when the one before is too old; None while one is good."""
    if not is_start and links.is_any_good(Purpose.SETUP):
        return None
    return links.create_link(Purpose.SETUP)


def _is_there_an_admin() -> bool:
    with single_statement() as connection:
        return connection.execute(_ADMINS.limit(1)).first() is not None


def _hash_of(user: User | None, settings: Settings) -> str | None:
    """Where the environment gives the admin's password no other one is theirs."""
    if user is None:
        return None
    return settings.admin_password_hash if is_password_given(user, settings) else user.password_hash
