"""Newcomers: scans that a list would show if it were read again; they wait, so that nothing moves while one reads."""

import uuid
from collections.abc import Collection
from typing import Final

from webapp.routes.listing import PAGE_SIZE
from webapp.scans import queries
from webapp.scans.queries import Filter

#: Beyond this many it makes no difference how many there are.
MOST_COUNTED: Final = 100


def count_newcomers(which: Filter, shown: Collection[uuid.UUID]) -> int:
    """How many belong on the newest page beside those that it shows, and above the last of them where it is full."""
    known = set(shown)
    last = min(known) if len(known) >= PAGE_SIZE else uuid.UUID(int=0)
    newest = queries.newest_ids(which, limit=MOST_COUNTED)
    return sum(1 for scan_id in newest if scan_id > last and scan_id not in known)
