"""Keeps the leases of this process's claims alive while their attempts run, and stops what has lost its claim."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tasks.cancellation import Cancellation
from tasks.celery import celery
from tasks.endings import end_overtime, hand_back, is_overtime
from tasks.host_place import Place, renew_places
from tasks.limits import RENEWALS_PER_LEASE
from webapp.scans import lifecycle
from webapp.scans.lifecycle import Claim

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A claim, and the way to stop the exchange that is made for it."""

    claim: Claim
    cancellation: Cancellation
    place: Place


class Heartbeat:
    """One thread per process that renews all its claims with one statement; it sleeps while there are none."""

    def __init__(self, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._held: set[Held] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, held: Held) -> None:
        with self._changed:
            self._held.add(held)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
                self._thread.start()

    def remove(self, held: Held) -> None:
        with self._changed:
            self._held.discard(held)

    def let_go(self) -> None:
        """Hand all claims back and stop their exchanges: this process ends, and must not be waited for."""
        with self._changed:
            letting_go = list(self._held)
            self._held.clear()
        with celery.flask_app.app_context():
            hand_back([held.claim for held in letting_go])
        for held in letting_go:
            held.cancellation.cancel()

    def _run(self) -> None:
        while True:
            with self._changed:
                # Woken by nobody: most attempts are over before their first renewal, so adding one costs no switch.
                self._changed.wait(self._lease_seconds / RENEWALS_PER_LEASE)
                every = list(self._held)
            if every:
                with celery.flask_app.app_context():
                    self._beat(every)
                    renew_places([held.place for held in every])

    def _beat(self, every: list[Held]) -> None:
        try:
            holding = lifecycle.renew([held.claim for held in every], lease_seconds=self._lease_seconds)
        except Exception as error:  # whatever it is, the next beat must come
            log.warning("leases not renewed claims=%d error=%s", len(every), type(error).__name__)
            return
        for held in every:
            if held.claim not in holding:
                self.remove(held)
                held.cancellation.cancel()
            elif is_overtime(held.claim):
                self._end(held)

    def _end(self, held: Held) -> None:
        """Where no parent kills a child: threads and greenlets cannot be ended, only left behind."""
        try:
            end_overtime(held.claim)
        except Exception as error:
            log.warning("not ended scan=%s error=%s", held.claim.scan_id, type(error).__name__)
            return
        self.remove(held)
        held.cancellation.cancel()


_heartbeat: Heartbeat | None = None
_making = threading.Lock()


@contextmanager
def keep_alive(claim: Claim, place: Place, *, lease_seconds: float) -> Iterator[Cancellation]:
    """Renew the claim's lease and its place until the block ends; what is given is canceled once the claim is lost."""
    heartbeat = _of_this_process(lease_seconds)
    held = Held(claim, Cancellation(), place)
    heartbeat.add(held)
    try:
        yield held.cancellation
    finally:
        heartbeat.remove(held)


def let_go_of_all() -> None:
    """Hand back all that this process runs."""
    if _heartbeat is not None:
        _heartbeat.let_go()


def _of_this_process(lease_seconds: float) -> Heartbeat:
    """Made at the first claim, after the fork: a thread does not survive one."""
    global _heartbeat
    with _making:
        if _heartbeat is None:
            _heartbeat = Heartbeat(lease_seconds)
        return _heartbeat
