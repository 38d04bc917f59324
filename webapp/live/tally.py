"""The tally: counts of scans by state, taken on a thread of its own so that a slow query never holds up the news."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

log = logging.getLogger(__name__)

#: After a count that failed; the database is likely to be away.
_RETRY_SECONDS: Final = 5.0


class Tally:
    """Counts the batches it was told of, each once however often it was told, and no more often than its pace."""

    def __init__(
        self,
        count: Callable[[str | None], Mapping[str, int]],
        tell: Callable[[str | None, Mapping[str, int]], None],
        *,
        is_awaited: Callable[[str | None], bool],
        pause_seconds: float,
    ) -> None:
        self._count = count
        self._tell = tell
        self._is_awaited = is_awaited
        self._pause_seconds = pause_seconds
        self._changed: set[str | None] = set()
        self._condition = threading.Condition()
        self._is_closed = False

    def start(self) -> None:
        threading.Thread(target=self._run, name="tally", daemon=True).start()

    def changed(self, batch_ids: Iterable[str | None]) -> None:
        """Their counts may differ from now on; None stands for those of all scans."""
        with self._condition:
            self._changed.update(batch_ids)
            self._condition.notify()

    def close(self) -> None:
        with self._condition:
            self._is_closed = True
            self._condition.notify()

    def _run(self) -> None:
        while (batch_ids := self._next()) is not None:
            started = time.monotonic()
            failed = {batch_id for batch_id in batch_ids if self._is_awaited(batch_id) and not self._tell_of(batch_id)}
            # At least as long as it took: a database that is slow already is not asked without a rest.
            self._rest(max(self._pause_seconds, time.monotonic() - started, _RETRY_SECONDS if failed else 0))
            self.changed(failed)

    def _next(self) -> set[str | None] | None:
        with self._condition:
            self._condition.wait_for(lambda: self._changed or self._is_closed)
            batch_ids, self._changed = self._changed, set()
            return None if self._is_closed else batch_ids

    def _tell_of(self, batch_id: str | None) -> bool:
        try:
            counts = self._count(batch_id)
        except Exception:  # whatever failed, later counts must still be taken
            log.exception("scans not counted batch_id=%s", batch_id)
            return False
        self._tell(batch_id, counts)
        return True

    def _rest(self, seconds: float) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._is_closed, timeout=seconds)
