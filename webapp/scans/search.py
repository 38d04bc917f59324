"""Finds the scans whose URL or error holds a text, in bounded time, and says how far it came.

It goes through the list from where it starts: first a few scans one by one, which is enough for a text that is
everywhere; then segment by segment through the index, which is enough for one that is rare. When its time is over it
stops where it is, and goes on from there when it is asked again.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, bindparam, column, select, table, text, union
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import ARRAY

from webapp.database import db
from webapp.scans.counts import count_by_state
from webapp.scans.derived import SearchSegment, SearchText, SearchTodo
from webapp.scans.filters import Filter
from webapp.scans.models import Scan
from webapp.scans.states import State
from webapp.scans.triggers import SEGMENT_BITS

#: After so long no further part of the list is looked at.
SEARCH_SECONDS: Final = 0.03
#: Scans that are looked at one by one before the index is asked.
_FIRST_SCANS: Final = 2_000
#: Scans that are looked at in one question where no index helps.
_NEXT_SCANS: Final = 4_000
#: Lists of no more scans are looked at one by one: the index knows neither states nor batches.
_SHORT_LIST: Final = 20_000
#: Trigrams that the index is asked for; more of them cost more and hardly tell more.
_MAX_GRAMS: Final = 8
_GRAM: Final = 3
_FTS: Final = table("search_fts", column("rowid"))


class Match(NamedTuple):
    id: uuid.UUID
    state: State


@dataclass(frozen=True, slots=True)
class Found:
    """In the order of the search; ``stopped_at`` is the scan up to which all was looked at, None at the end."""

    matches: Sequence[Match]
    stopped_at: uuid.UUID | None


class _Stretch(NamedTuple):
    """Ids from ``low``, which is one of them, up to ``high``, which is not; and the segment, if the index is asked."""

    low: uuid.UUID | None
    high: uuid.UUID | None
    segment: int | None = None


def search(which: Filter, *, limit: int, start: uuid.UUID | None = None) -> Found:
    """Newest first, from before ``start``."""
    until = time.monotonic() + SEARCH_SECONDS
    matches: list[Match] = []
    for stretch in _stretches(which, start):
        matches += _look(which, stretch, limit - len(matches))
        if len(matches) >= limit:
            return Found(matches, matches[-1].id)
        if stretch.low is not None and time.monotonic() >= until:
            return Found(matches, stretch.low)
    return Found(matches, None)


def _stretches(which: Filter, high: uuid.UUID | None) -> Iterator[_Stretch]:
    """Newest first, down to the oldest scan."""
    if which.batch_id is not None and which.state is None:
        # A batch is bounded, and has no index in the order of the ids.
        yield _Stretch(None, high)
        return
    low = _nth(which, high, _FIRST_SCANS)
    yield _Stretch(low, high)
    if low is not None and len(which.term) >= _GRAM and _size(which) > _SHORT_LIST:
        yield from _segments(low)
        return
    while low is not None:
        high, low = low, _nth(which, low, _NEXT_SCANS)
        yield _Stretch(low, high)


def _nth(which: Filter, high: uuid.UUID | None, count: int) -> uuid.UUID | None:
    """The id of the scan that is so far below in the list; None when there are fewer."""
    below = [] if high is None else [Scan.id < high]
    statement = select(Scan.id).where(*which.listed, *below).order_by(Scan.id.desc()).offset(count - 1).limit(1)
    return db.session.scalar(statement)


def _size(which: Filter) -> int:
    counts = count_by_state(which.batch_id)
    return counts[which.state] if which.state is not None else sum(counts.values())


def _segments(high: uuid.UUID) -> Iterator[_Stretch]:
    statement = select(SearchSegment.number, SearchSegment.first_id).where(SearchSegment.first_id < high)
    segments = db.session.execute(statement.order_by(SearchSegment.first_id.desc())).all()
    for (number, first_id), (_, end) in zip(segments, [(None, high), *segments], strict=False):
        # The oldest one has no scan before it.
        yield _Stretch(first_id if number else None, end, number)


def _look(which: Filter, stretch: _Stretch, limit: int) -> list[Match]:
    conditions = [*which.listed, which.matches, *_within(Scan.id, stretch)]
    if stretch.segment is not None:
        conditions.append(Scan.id.in_(_candidates(which.term, stretch)))
    statement = select(Scan.id, Scan.state).where(*conditions).order_by(Scan.id.desc()).limit(limit)
    return [Match(*row) for row in db.session.execute(statement)]


def _within(key: Any, stretch: _Stretch) -> list[ColumnElement[bool]]:
    low = [key >= stretch.low] if stretch.low is not None else []
    return low + ([key < stretch.high] if stretch.high is not None else [])


def _candidates(term: str, stretch: _Stretch) -> Any:
    """Scans of the segment whose indexed text has the term's trigrams, and those that are not indexed yet."""
    assert stretch.segment is not None
    indexed = _postgres_indexed if db.engine.dialect.name == "postgresql" else _sqlite_indexed
    todo = select(SearchTodo.scan_id).where(*_within(SearchTodo.scan_id, stretch))
    both = union(indexed(term, stretch.segment), todo).cte("candidate")
    # Found first, each by the index: else the planner may walk through all scans and look each up.
    return select(both.prefix_with("MATERIALIZED", dialect="postgresql").c.scan_id)


def _postgres_indexed(term: str, segment: int) -> Any:
    octets = term.encode()
    grams = _spread([octets[n : n + _GRAM] for n in range(len(octets) - _GRAM + 1)])
    keys = [segment << SEGMENT_BITS | int.from_bytes(gram) for gram in grams]
    condition = text("search_grams(search_text.key, search_text.text) @> :grams")
    typed = condition.bindparams(bindparam("grams", keys, type_=ARRAY(BigInteger)))
    return select(SearchText.scan_id).where(typed, SearchText.text.contains(term, autoescape=True))


def _sqlite_indexed(term: str, segment: int) -> Any:
    mark = chr(2) * 2 + chr(19968 + segment)
    grams = [mark, *_spread([term[n : n + _GRAM] for n in range(len(term) - _GRAM + 1)])]
    words = " ".join('"{}"'.format(gram.replace('"', '""')) for gram in grams)
    keys = select(_FTS.c.rowid).where(text("search_fts MATCH :words").bindparams(words=words))
    return select(SearchText.scan_id).where(SearchText.key.in_(keys), SearchText.text.contains(term, autoescape=True))


def _spread(grams: Sequence[Any]) -> list[Any]:
    """Some of them, from all over the text."""
    if len(grams) <= _MAX_GRAMS:
        return list(grams)
    return [grams[n * (len(grams) - 1) // (_MAX_GRAMS - 1)] for n in range(_MAX_GRAMS)]
