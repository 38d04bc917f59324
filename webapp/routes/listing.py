"""A list of scans as a page shows it: which, how many stand in each state, and where its links lead."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from flask import url_for

from webapp.scans import queries
from webapp.scans.queries import Filter, Page
from webapp.scans.states import State

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Tabs:
    """The states with their counts; each leads to the same list with another state."""

    which: Filter
    counts: Mapping[State, int]

    @classmethod
    def read(cls, which: Filter) -> Self:
        return cls(which, queries.count_by_state(which))

    @property
    def total(self) -> int:
        return sum(self.counts.values())

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
    def read(cls, which: Filter, cursor: str | None) -> Self:
        """Raises InvalidField for a cursor that no list gave."""
        page = queries.list_scans(which, limit=PAGE_SIZE, cursor=cursor)
        return cls(Tabs.read(which), page, queries.server_time(), cursor)

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
        return list_url(self.which, self.page.next_cursor) if self.page.next_cursor else None

    @property
    def unfiltered_url(self) -> str:
        return list_url(Filter(batch_id=self.which.batch_id))


def list_url(which: Filter, cursor: str | None = None) -> str:
    """The filters live in the address; those of a batch's scans in that of the batch."""
    query: dict[str, Any] = {"state": which.state, "q": which.text or None, "cursor": cursor}
    if which.batch_id is not None:
        return url_for("pages.batches.show", batch_id=which.batch_id, **query)
    return url_for("pages.home.index", **query)
