"""Keep the leases of this process's claims alive while their attempts run."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from tasks.celery import celery
from webapp.scans import lifecycle
from webapp.scans.lifecycle import Claim

log = logging.getLogger(__name__)

#: A lease is renewed this many times before it could run out.
RENEWALS_PER_LEASE = 3


class Heartbeat:
    """One thread per process that renews all its claims with one statement; it sleeps while there are none."""

    def __init__(self, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._claims: dict[int, Claim] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, claim: Claim) -> None:
        with self._changed:
            self._claims[id(claim)] = claim
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
                self._thread.start()

    def remove(self, claim: Claim) -> None:
        with self._changed:
            self._claims.pop(id(claim), None)

    def _run(self) -> None:
        while True:
            with self._changed:
                # Woken by nobody: most attempts are over before their first renewal, so adding one costs no switch.
                self._changed.wait(self._lease_seconds / RENEWALS_PER_LEASE)
                claims = list(self._claims.values())
            if claims:
                self._renew(claims)

    def _renew(self, claims: list[Claim]) -> None:
        try:
            with celery.flask_app.app_context():
                holding = lifecycle.renew(claims, lease_seconds=self._lease_seconds)
        except SQLAlchemyError as error:
            log.warning("leases not renewed claims=%d error=%s", len(claims), type(error).__name__)
            return
        for claim in claims:
            if claim.scan_id not in holding:
                self.remove(claim)


_heartbeat: Heartbeat | None = None
_making = threading.Lock()


@contextmanager
def keep_alive(claim: Claim, *, lease_seconds: float) -> Iterator[None]:
    """Renew the claim's lease until the block ends."""
    heartbeat = _of_this_process(lease_seconds)
    heartbeat.add(claim)
    try:
        yield
    finally:
        heartbeat.remove(claim)


def _of_this_process(lease_seconds: float) -> Heartbeat:
    """Made at the first claim, after the fork: a thread does not survive one."""
    global _heartbeat
    with _making:
        if _heartbeat is None:
            _heartbeat = Heartbeat(lease_seconds)
        return _heartbeat
