"""Which scans are asked for, as conditions that both databases answer alike."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_
from sqlalchemy.sql.elements import ColumnElement

from webapp.database import db
from webapp.scans.models import Scan
from webapp.scans.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which scans: all of the conditions that are given. ``text`` is looked for in URL and error."""

    state: State | None = None
    batch_id: uuid.UUID | None = None
    text: str = ""

    @property
    def term(self) -> str:
        """The text as it is compared: letters of ASCII without their case, as SQLite's LIKE does."""
        # No database keeps a NUL, and PostgreSQL takes none in a question.
        return lowered(self.text.strip().replace("\0", ""))

    @property
    def listed(self) -> list[ColumnElement[bool]]:
        """The conditions but for the text."""
        conditions: list[ColumnElement[bool]] = []
        if self.state is not None:
            conditions.append(Scan.state == self.state)
        if self.batch_id is not None:
            conditions.append(Scan.batch_id == self.batch_id)
        return conditions

    @property
    def matches(self) -> ColumnElement[bool]:
        return or_(*(_has(column, self.term) for column in (Scan.url, Scan.error)))


def lowered(text: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def lower(column: Any) -> Any:
    """The same in the database, which need not know any other alphabet for it."""
    return func.lower(column.collate("C") if db.engine.dialect.name == "postgresql" else column)


def _has(column: Any, term: str) -> ColumnElement[bool]:
    is_sqlite = db.engine.dialect.name == "sqlite"
    condition: ColumnElement[bool] = (column if is_sqlite else lower(column)).contains(term, autoescape=True)
    return condition
