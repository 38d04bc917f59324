"""The scope: which scans a page shows, and so whose news its stream carries."""

from dataclasses import dataclass
from typing import Final

ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Scope:
    """Some scans, or those of a batch, or all."""

    scan_ids: frozenset[str] = frozenset()
    batch_id: str | None = None

    @property
    def is_counted(self) -> bool:
        """Whether its page shows how many scans stand in each state."""
        return not self.scan_ids

    @property
    def topics(self) -> frozenset[str]:
        """What its news is looked up by."""
        return frozenset(map(scan_topic, self.scan_ids)) or frozenset((batch_topic(self.batch_id),))


def scan_topic(scan_id: str) -> str:
    return f"scan:{scan_id}"


def batch_topic(batch_id: str | None) -> str:
    """The topic of a batch's scans, or of all scans for None."""
    return f"batch:{batch_id}" if batch_id else ALL
