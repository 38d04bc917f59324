"""The recall: how scans stand, read for streams that begin or were cut off, on a thread of its own."""

import datetime as dt
import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from webapp.live.frames import Frame, told
from webapp.scans.change import Change

log = logging.getLogger(__name__)

#: Scans of one round: streams that ask together share it, but none waits for all the others.
_MOST_OF_A_ROUND: Final = 2_000
#: Scans that the database is asked for at once.
_CHUNK: Final = 500

#: By the id of their scans; None where the database could not be asked.
Frames = Mapping[str, Frame] | None
#: What the database's clock said, and how the scans stood.
Reading = tuple[dt.datetime, Sequence[Change]]


class Recall:
    """Reads in rounds: what is told in a round was read after everybody had asked for it."""

    def __init__(self, read: Callable[[Collection[str]], Reading], tell: Callable[[int, Frames], None]) -> None:
        self._read = read
        self._tell = tell
        self._rounds: deque[tuple[int, set[str]]] = deque()
        self._last_round = 0
        self._condition = threading.Condition()
        self._is_closed = False
        #: What the database's clock is ahead of this machine's, as of the newest reading.
        self._ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        """By the database's clock, which all times of scans are read from."""
        return dt.datetime.now(dt.UTC) + self._ahead

    def start(self) -> None:
        threading.Thread(target=self._run, name="recall", daemon=True).start()

    def ask(self, scan_ids: Collection[str]) -> int:
        """The number of the round that will tell."""
        with self._condition:
            if not self._rounds or len(self._rounds[-1][1]) + len(scan_ids) > _MOST_OF_A_ROUND:
                self._last_round += 1
                self._rounds.append((self._last_round, set()))
            number, asked = self._rounds[-1]
            asked.update(scan_ids)
            self._condition.notify()
        return number

    def forget(self) -> None:
        """Whoever has asked will ask again: what is not being read yet need not be read."""
        with self._condition:
            self._rounds.clear()

    def close(self) -> None:
        with self._condition:
            self._is_closed = True
            self._condition.notify()

    def _run(self) -> None:
        while (following := self._next()) is not None:
            number, scan_ids = following
            try:
                frames: Frames = self._frames(sorted(scan_ids))
            except Exception:  # whatever failed, those who asked must hear of it, and others be served
                log.exception("scans not read for streams scans=%d", len(scan_ids))
                frames = None
            self._tell(number, frames)

    def _next(self) -> tuple[int, set[str]] | None:
        with self._condition:
            self._condition.wait_for(lambda: self._rounds or self._is_closed)
            return None if self._is_closed else self._rounds.popleft()

    def _frames(self, scan_ids: Sequence[str]) -> dict[str, Frame]:
        chunks = [scan_ids[start : start + _CHUNK] for start in range(0, len(scan_ids), _CHUNK)]
        frames: dict[str, Frame] = {}
        for chunk in chunks:
            moment, changes = self._read(chunk)
            self._ahead = moment - dt.datetime.now(dt.UTC)
            frames |= {str(change.id): told(change) for change in changes}
        return frames
