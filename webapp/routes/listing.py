"""A list of scans as a page shows it: which, how many stand in each state, and where its links lead."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from flask import url_for

from webapp.scans import queries
from webapp.scans.counts import Count
from webapp.scans.filters import Filter
from webapp.scans.queries import Page
from webapp.scans.search import Found, search
from webapp.scans.states import State

PAGE_SIZE: Final = 50
#: A search counts so far and no further.
MAX_COUNTED: Final = 1000


@dataclass(frozen=True, slots=True)
class Tabs:
    """The states with their counts; each leads to the same list with another state."""

    which: Filter
    counts: Mapping[State, Count]

    @classmethod
    def read(cls, which: Filter) -> Self:
        if which.term:
            return cls.of(which, _search_all_states(which))
        return cls(which, {state: Count(count) for state, count in queries.count_by_state(which).items()})

    @classmethod
    def of(cls, which: Filter, found: Found) -> Self:
        """As far as the search came: each count says whether there may be more."""
        is_more = found.stopped_at is not None
        met = Counter(match.state for match in found.matches)
        return cls(which, {state: Count(met[state], is_more) for state in State})

    @property
    def total(self) -> Count:
        return Count(
            sum(count.value for count in self.counts.values()), any(count.is_more for count in self.counts.values())
        )

    def link(self, state: State | None) -> str:
        return list_url(Filter(state=state, batch_id=self.which.batch_id, text=self.which.text))


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list, as it stood at ``now``."""

    tabs: Tabs
    page: Page
    now: dt.datetime
    cursor: str | None

    @classmethod
    def read(cls, which: Filter, *, cursor: str | None = None, newer: str | None = None) -> Self:
        """Raises InvalidField for a cursor that no list gave."""
        if which.term:
            return cls._search(which, cursor)
        page = read_page(which, cursor=cursor, newer=newer)
        return cls(Tabs.read(which), page, queries.server_time(), page.newer)

    @classmethod
    def _search(cls, which: Filter, cursor: str | None) -> Self:
        everywhere = _search_all_states(which)
        if cursor or (which.state is not None and everywhere.stopped_at is not None):
            page = queries.list_scans(which, limit=PAGE_SIZE, cursor=cursor)
        else:
            # What was counted is what the page shows.
            matches = [match for match in everywhere.matches if which.state in (None, match.state)]
            page = queries.page_of(Found(matches, everywhere.stopped_at), limit=PAGE_SIZE, cursor=None)
        return cls(Tabs.of(which, everywhere), page, queries.server_time(), cursor)

    @property
    def which(self) -> Filter:
        return self.tabs.which

    @property
    def is_filtered(self) -> bool:
        return self.which.state is not None or bool(self.which.text)

    @property
    def newest_url(self) -> str:
        return list_url(self.which)

    @property
    def older_url(self) -> str | None:
        return list_url(self.which, cursor=self.page.older) if self.page.older else None

    @property
    def newer_url(self) -> str | None:
        """None on the newest page; a search goes one way."""
        return list_url(self.which, newer=self.page.newer) if self.page.newer and not self.which.term else None

    @property
    def unfiltered_url(self) -> str:
        return list_url(Filter(batch_id=self.which.batch_id))


def read_page(which: Filter, *, cursor: str | None, newer: str | None) -> Page:
    """Raises InvalidField."""
    if newer:
        return queries.list_newer_scans(which, limit=PAGE_SIZE, cursor=newer)
    return queries.list_scans(which, limit=PAGE_SIZE, cursor=cursor)


def list_url(which: Filter, **cursor: str | None) -> str:
    """The filters live in the address; those of a batch's scans in that of the batch."""
    query: dict[str, Any] = {"state": which.state, "q": which.text or None, **cursor}
    if which.batch_id is not None:
        return url_for("pages.batches.show", batch_id=which.batch_id, **query)
    return url_for("pages.home.index", **query)


def _search_all_states(which: Filter) -> Found:
    return search(dataclasses.replace(which, state=None), limit=MAX_COUNTED)
