"""The scope: which scans a page shows, and so whose news its stream carries."""

from dataclasses import dataclass
from typing import Final

ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Scope:
    """Some scans, perhaps none, or those of a batch, or all; and the counts that are shown beside them."""

    scan_ids: frozenset[str] | None = None
    batch_id: str | None = None
    #: Batches whose counts are wanted, None among them for those of all scans; None alone: those of the scope itself.
    counts: frozenset[str | None] | None = None

    @property
    def counted(self) -> frozenset[str | None]:
        """Whose counts by state its page shows."""
        if self.counts is not None:
            return self.counts
        return frozenset() if self.scan_ids is not None and self.batch_id is None else frozenset((self.batch_id,))

    @property
    def topics(self) -> frozenset[str]:
        """What its news is looked up by."""
        scans = [batch_topic(self.batch_id)] if self.scan_ids is None else map(scan_topic, self.scan_ids)
        return frozenset((*scans, *map(counts_topic, self.counted)))


def scan_topic(scan_id: str) -> str:
    return f"scan:{scan_id}"


def counts_topic(batch_id: str | None) -> str:
    return f"counts:{batch_id}"


def batch_topic(batch_id: str | None) -> str:
    """The topic of a batch's scans, or of all scans for None."""
    return f"batch:{batch_id}" if batch_id else ALL
