"""Sees to it that a stream ends soon after the session or token that opened it: nobody asks again while it is open."""

import logging
import threading
from collections.abc import Callable, Collection
from typing import Final

log = logging.getLogger(__name__)

#: A stream outlives its owner by no more than this, and what the database takes to answer.
ROUND_SECONDS: Final = 15.0


class Doorkeeper:
    """A thread that asks now and then which owners still stand, and dismisses the others."""

    def __init__(
        self,
        owners: Callable[[], Collection[str]],
        still_stand: Callable[[Collection[str]], Collection[str]],
        dismiss: Callable[[Collection[str]], None],
        *,
        round_seconds: float,
    ) -> None:
        self._owners, self._still_stand, self._dismiss = owners, still_stand, dismiss
        self._round_seconds = round_seconds
        self._is_over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="doorkeeper", daemon=True).start()

    def stop(self) -> None:
        self._is_over.set()

    def look(self) -> None:
        owners = set(self._owners())
        if owners and (gone := owners - set(self._still_stand(owners))):
            log.info("streams end with their sessions count=%d", len(gone))
            self._dismiss(gone)

    def _run(self) -> None:
        while not self._is_over.wait(self._round_seconds):
            try:
                self.look()
            except Exception as error:  # the database may be away: then nobody can be judged, and the next round will
                log.warning("cannot see whose session stands error=%s", type(error).__name__)
