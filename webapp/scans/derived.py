"""What the database derives from the scans so that questions stay cheap: their counts, and the text that is searched.

Triggers note each change in the transaction that makes it (``triggers.py``); the scheduler folds and indexes later.
"""

import uuid
from typing import Final, cast

from sqlalchemy import BigInteger, ForeignKey, Integer, Table, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.scans.models import words
from webapp.scans.states import State

#: The scope that all scans are counted in; any other is the id of a batch.
ALL: Final = uuid.UUID(int=0)
#: A number that rises by itself; only INTEGER does so on SQLite.
_Serial: Final = BigInteger().with_variant(Integer, "sqlite")


class ScanCount(Base):
    """How many scans of a scope stand in a state, but for the changes that are not folded in yet."""

    __tablename__ = "scan_count"
    __table_args__ = {"sqlite_with_rowid": False}

    scope: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    state: Mapped[State] = mapped_column(words(State), primary_key=True)
    scans: Mapped[int] = mapped_column(BigInteger)


class ScanCountChange(Base):
    """A change of a count, inserted and never updated: so no two workers wait for each other's counts."""

    __tablename__ = "scan_count_change"

    id: Mapped[int] = mapped_column(_Serial, primary_key=True)
    batch_id: Mapped[uuid.UUID | None]
    state: Mapped[State] = mapped_column(words(State))
    scans: Mapped[int]


class SearchSegment(Base):
    """A stretch of scans in the order of their ids, each searched by itself: so that no search is long without an end.

    It reaches from ``first_id`` to where the next one begins. ``size`` counts the texts that were ever put into it.
    """

    __tablename__ = "search_segment"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_id: Mapped[uuid.UUID]
    size: Mapped[int]


class SearchText(Base):
    """A scan's URL and error in lower case, as they were indexed; ``key`` is its segment and its number in that."""

    __tablename__ = "search_text"

    key: Mapped[int] = mapped_column(_Serial, primary_key=True, autoincrement=False)
    scan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("scan.id", ondelete="CASCADE"), index=True, unique=True)
    text: Mapped[str] = mapped_column(Text)


class SearchTodo(Base):
    """A scan whose URL or error is newer than what is indexed of it; searched row by row until then."""

    __tablename__ = "search_todo"

    id: Mapped[int] = mapped_column(_Serial, primary_key=True)
    scan_id: Mapped[uuid.UUID] = mapped_column(index=True)


COUNT_TABLE = cast(Table, ScanCount.__table__)
COUNT_CHANGE_TABLE = cast(Table, ScanCountChange.__table__)
SEGMENT_TABLE = cast(Table, SearchSegment.__table__)
TEXT_TABLE = cast(Table, SearchText.__table__)
TODO_TABLE = cast(Table, SearchTodo.__table__)
