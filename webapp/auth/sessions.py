"""Who is signed in: kept by the server, so that it can be ended by the server."""

import uuid
from collections.abc import Collection
from typing import Final

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from webapp.auth.models import SESSION_TABLE, Session, User
from webapp.auth.rights import Visitor
from webapp.auth.secret import fingerprint, new_secret
from webapp.database import db, now, single_statement, transaction

#: Unused for so long it ends; and after so long in any case.
IDLE_SECONDS: Final = 12 * 3600
ABSOLUTE_SECONDS: Final = 14 * 24 * 3600
#: That it is used is written down no more often than this.
_NOTE_SECONDS: Final = 60


def open_session(user_id: uuid.UUID) -> str:
    """The secret for the cookie; each sign-in has one of its own. Those that are over are swept out."""
    secret = new_secret()
    values = {"fingerprint": fingerprint(secret), "user_id": user_id, "expires_at": now(ABSOLUTE_SECONDS)}
    with transaction() as connection:
        connection.execute(delete(SESSION_TABLE).where(or_(~_is_young(), ~_is_used())))
        connection.execute(insert(SESSION_TABLE).values(**values))
    return secret


def find_visitor(secret: str) -> Visitor | None:
    """Who has this session; None when it is over, or its user may not come in any more."""
    found = fingerprint(secret)
    columns = (User.id, User.name, User.role, Session.seen_at < now(-_NOTE_SECONDS))
    query = select(*columns).join_from(Session, User).where(Session.fingerprint == found, _stands())
    # Not the request's own session: SQLite would show the view how things stood before it began.
    with single_statement() as connection:
        row = connection.execute(query).one_or_none()
    match row:
        case None:
            return None
        case (user_id, name, role, is_to_be_noted):
            if is_to_be_noted:
                _note(found)
            return Visitor(name=name, right=role.right, user_id=user_id, session=found)


def still_stand(fingerprints: Collection[str]) -> set[str]:
    """Those of them that are not over."""
    query = select(Session.fingerprint).join_from(Session, User).where(Session.fingerprint.in_(fingerprints), _stands())
    with single_statement() as connection:
        return set(connection.execute(query).scalars())


def close_session(session: str) -> None:
    with transaction() as connection:
        connection.execute(delete(SESSION_TABLE).where(Session.fingerprint == session))


def close_all(user_id: uuid.UUID) -> int:
    """Sign somebody out everywhere; how many sessions that were."""
    with transaction() as connection:
        return connection.execute(delete(SESSION_TABLE).where(Session.user_id == user_id)).rowcount


def count_sessions(user_id: uuid.UUID) -> int:
    query = select(Session.fingerprint).join_from(Session, User).where(Session.user_id == user_id, _stands())
    return len(db.session.scalars(query).all())


def _stands() -> ColumnElement[bool]:
    return _is_young() & _is_used() & User.disabled_at.is_(None)


def _is_young() -> ColumnElement[bool]:
    return Session.expires_at > now()


def _is_used() -> ColumnElement[bool]:
    return Session.seen_at > now(-IDLE_SECONDS)


def _note(session: str) -> None:
    with single_statement() as connection:
        connection.execute(update(SESSION_TABLE).where(Session.fingerprint == session).values(seen_at=now()))
