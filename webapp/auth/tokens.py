"""API tokens: made, shown once, looked up by their fingerprint, revoked."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from webapp.auth.errors import OddName
from webapp.auth.models import API_TOKEN_TABLE, NAME_LENGTH, ApiToken, User
from webapp.auth.rights import Right, Scope, Visitor
from webapp.auth.secret import beginning, fingerprint, is_token, new_token
from webapp.database import db, now, single_statement, transaction

#: That it is used is written down no more often than this.
_NOTE_SECONDS: Final = 60
MAX_DAYS: Final = 3650


def create_token(name: str, scope: Scope, *, user_id: uuid.UUID | None, days: int | None) -> str:
    """The token itself, which is nowhere else; ``days`` None is for ever. Raises OddName."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise OddName(f"A token needs a name of 1 to {NAME_LENGTH} characters, by which you know it again.")
    token = new_token()
    values = {"name": name, "scope": scope, "user_id": user_id, "expires_at": now(days * 86_400) if days else None}
    with transaction() as connection:
        connection.execute(
            insert(ApiToken).values(fingerprint=fingerprint(token), beginning=beginning(token), **values)
        )
    return token


def find_visitor(token: str) -> Visitor | None:
    """Whose token it is; None when it is none, is over, or its owner may not come in any more."""
    if not is_token(token):
        return None
    columns = (ApiToken.id, ApiToken.name, ApiToken.scope, ApiToken.used_at, User.id, User.name, User.role)
    query = select(*columns, now()).join_from(ApiToken, User, isouter=True)
    # Not the request's own session: SQLite would show the view how things stood before it began.
    with single_statement() as connection:
        row = connection.execute(query.where(ApiToken.fingerprint == fingerprint(token), _is_good())).one_or_none()
    if row is None:
        return None
    token_id, name, scope, used_at, user_id, owner, role, moment = row
    if used_at is None or moment - used_at > dt.timedelta(seconds=_NOTE_SECONDS):
        _note(token_id)
    right: Right = min(scope.right, role.right) if role else scope.right
    return Visitor(name=f"{owner} ({name})" if owner else name, right=right, user_id=user_id, token_id=token_id)


def still_stand(ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of them that are still good."""
    query = select(ApiToken.id).join_from(ApiToken, User, isouter=True).where(ApiToken.id.in_(ids), _is_good())
    with single_statement() as connection:
        return set(connection.execute(query).scalars())


def list_tokens(user_id: uuid.UUID | None = None) -> Sequence[tuple[ApiToken, str | None]]:
    """The newest first, each with its owner's name; of all owners unless one is named."""
    query = select(ApiToken, User.name).join_from(ApiToken, User, isouter=True).order_by(ApiToken.id.desc())
    if user_id is not None:
        query = query.where(ApiToken.user_id == user_id)
    return [(row[0], row[1]) for row in db.session.execute(query)]


def revoke_token(token_id: uuid.UUID, *, user_id: uuid.UUID | None = None) -> bool:
    """From this commit on it opens nothing; of nobody else when an owner is named. False when there was none."""
    statement = delete(API_TOKEN_TABLE).where(ApiToken.id == token_id)
    if user_id is not None:
        statement = statement.where(ApiToken.user_id == user_id)
    with transaction() as connection:
        return connection.execute(statement).rowcount > 0


def _is_good() -> ColumnElement[bool]:
    return or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now()) & User.disabled_at.is_(None)


def _note(token_id: uuid.UUID) -> None:
    with single_statement() as connection:
        connection.execute(update(API_TOKEN_TABLE).where(ApiToken.id == token_id).values(used_at=now()))
