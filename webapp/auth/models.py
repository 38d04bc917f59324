"""What the database keeps of people and programs: of every secret a hash alone."""

import datetime as dt
import uuid
from enum import StrEnum
from typing import cast

from sqlalchemy import Enum, ForeignKey, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from webapp.auth.rights import Role, Scope
from webapp.database import Base, UtcDateTime, now

NAME_LENGTH = 64
_FINGERPRINT_LENGTH = 64


class Purpose(StrEnum):
    """What a one-time link is good for."""

    LOGIN = "login"
    #: To choose a password: for who was invited, and for who forgot it.
    INVITE = "invite"
    #: To become the first admin.
    SETUP = "setup"


def _words(enum: type[StrEnum]) -> Enum:
    return Enum(enum, native_enum=False, length=24, values_callable=lambda words: [word.value for word in words])


class User(Base):
    """A person. The name stays: it is written down with what they submit."""

    __tablename__ = "user"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True, unique=True)
    role: Mapped[Role] = mapped_column(_words(Role))
    #: None until one was chosen: then only a link lets them in.
    password_hash: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now())
    disabled_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class Session(Base):
    """Somebody is signed in; the cookie holds the secret."""

    __tablename__ = "session"

    fingerprint: Mapped[str] = mapped_column(String(_FINGERPRINT_LENGTH), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now())
    seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now())
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class ApiToken(Base):
    """A program's way in."""

    __tablename__ = "api_token"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    #: None when it was made on the command line.
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    scope: Mapped[Scope] = mapped_column(_words(Scope))
    fingerprint: Mapped[str] = mapped_column(String(_FINGERPRINT_LENGTH), index=True, unique=True)
    beginning: Mapped[str] = mapped_column(String(24))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now())
    expires_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class Link(Base):
    """A one-time link; it stays, marked as used, until it would have expired."""

    __tablename__ = "link"

    fingerprint: Mapped[str] = mapped_column(String(_FINGERPRINT_LENGTH), primary_key=True)
    purpose: Mapped[Purpose] = mapped_column(_words(Purpose))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now())
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


USER_TABLE = cast(Table, User.__table__)
SESSION_TABLE = cast(Table, Session.__table__)
API_TOKEN_TABLE = cast(Table, ApiToken.__table__)
LINK_TABLE = cast(Table, Link.__table__)
