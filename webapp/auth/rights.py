"""What a visitor may do: one ladder for the roles of people and the scopes of programs."""

import uuid
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

SESSION_KEY: Final = "session:"
TOKEN_KEY: Final = "token:"


class Right(IntEnum):
    """Each includes the ones below it."""

    READ = 1
    SUBMIT = 2
    ADMIN = 3


class Role(StrEnum):
    """Of a person."""

    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"

    @property
    def right(self) -> Right:
        return _OF_ROLES[self]


class Scope(StrEnum):
    """Of an API token."""

    READ = "read"
    SUBMIT = "submit"
    ADMIN = "admin"

    @property
    def right(self) -> Right:
        return Right[self.name]


_OF_ROLES = {Role.VIEWER: Right.READ, Role.MEMBER: Right.SUBMIT, Role.ADMIN: Right.ADMIN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks, as the database knows them at this moment."""

    #: What is written down with what they submit.
    name: str
    right: Right
    #: None for a token that was made on the command line, which belongs to nobody.
    user_id: uuid.UUID | None = None
    #: The fingerprint of the session; None for a token.
    session: str | None = None
    token_id: uuid.UUID | None = None

    @property
    def is_person(self) -> bool:
        return self.session is not None

    @property
    def key(self) -> str:
        """What this session or token is counted by, wherever something is bounded for each."""
        return f"{SESSION_KEY}{self.session}" if self.is_person else f"{TOKEN_KEY}{self.token_id}"

    def may(self, right: Right) -> bool:
        return self.right >= right
