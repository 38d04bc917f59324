"""An attempt's place at its host: asked for before the claim, given back with what the exchange says of the host."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import redis

from tasks.database_away import patiently
from tasks.host_gate import Answer, HostGate, Scope, Sign, Standing, get_gate
from tasks.host_signs import pause_of, sign_of
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.scans.durations import format_duration
from webapp.scans.exchange import Exchange
from webapp.scans.host_limits import NO_LIMITS, Shut, host_of
from webapp.scans.states import HoldReason, Trigger

log = logging.getLogger(__name__)

#: Who waits for a place without standing in line is patient for so long, and looks again so often.
_PATIENCE_SECONDS: Final = 3.0
_LOOK_AGAIN_SECONDS: Final = 0.1
#: Until it is worth another try, where nobody knows.
_RETRY_SECONDS: Final = 5.0


class HostNotAsked(Exception):
    """Says why the host is asked nothing now; ``seconds`` until it is worth another try."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class Place:
    """Given back once, by whoever comes first; until then it is kept by ``renew``.

    With it go the places at the hosts that redirects lead to: who asks one of them on the way asks it all the same.
    """

    def __init__(self, gate: HostGate, scope: Scope, *, lease: float | None = None) -> None:
        self._gate = gate
        self._scope = scope
        self._lease = lease
        self._lock = threading.Lock()
        self._is_left = False
        self._further: list[Place] = []
        self.name = uuid.uuid4().hex

    def enter(self, standing: Standing) -> tuple[Answer, Shut | None]:
        """Raises RedisError."""
        return self._gate.enter(self._scope, self.name, standing, lease=self._lease)

    def enter_soon(self, standing: Standing, *, check: Callable[[], object]) -> None:
        """Look again for a while; ``check`` may raise meanwhile. Raises HostNotAsked."""
        host = self._scope.host
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                answer, shut = self.enter(standing)
            except redis.RedisError as error:
                log.warning("not asked, Redis is away host=%s error=%s", host, type(error).__name__)
                why = f"Redis is away, and nobody knows who else asks {host} now."
                raise HostNotAsked(why, _RETRY_SECONDS) from None
            if answer is Answer.TAKEN:
                return
            if shut is not None:
                raise HostNotAsked(_words(host, shut), shut.seconds)
            if time.monotonic() >= until:
                raise HostNotAsked(f"Scans ask {host} as often as the limits allow.", _RETRY_SECONDS)
            check()
            time.sleep(_LOOK_AGAIN_SECONDS)

    def go_on_to(self, url: str, *, check: Callable[[], object]) -> None:
        """Take a place at this URL's host too, if there is none yet; otherwise as ``enter_soon``."""
        host = host_of(url)
        if any(place._scope.host == host for place in (self, *self._further)):
            return
        place = Place(self._gate, replace(self._scope, host=host), lease=self._lease)
        place.enter_soon(Standing.ONWARD, check=check)
        # Not before: to renew a place is to take it.
        self._further.append(place)

    def renew(self) -> None:
        """Raises RedisError."""
        # Locked, so that none is renewed that was just given back.
        with self._lock:
            if not self._is_left:
                self._gate.renew(self._scope, self.name)
        for place in list(self._further):
            place.renew()

    def leave(self, exchange: Exchange) -> None:
        """The exchange is over."""
        for place in self._further:
            place.leave(exchange)
        self._give_back(sign_of(exchange, self._scope.host), pause_of(exchange, self._scope.host))

    def leave_unused(self) -> None:
        """There was nothing to ask: the start counts for nobody."""
        self._give_back(Sign.UNUSED)

    def leave_untold(self) -> None:
        """Whatever came of it says nothing of the host; also for who may have left already."""
        for place in self._further:
            place.leave_untold()
        self._give_back(Sign.UNKNOWN)

    def _give_back(self, sign: Sign, pause: float = 0.0) -> None:
        with self._lock:
            if self._is_left:
                return
            self._is_left = True
        try:
            shut_seconds = self._gate.leave(self._scope, self.name, sign, pause=pause)
        except redis.RedisError as error:
            log.warning("place left to its lease host=%s error=%s", self._scope.host, type(error).__name__)
            return
        if shut_seconds and (pause or sign is Sign.ILL):
            log.warning("host is asked nothing host=%s seconds=%.0f", self._scope.host, shut_seconds)


class NoPlace(Place):
    """Where nothing is limited, nothing is asked for."""

    def __init__(self) -> None:
        """There is no host to speak of."""
        self._further = []

    def go_on_to(self, url: str, *, check: Callable[[], object]) -> None:
        """Everywhere is as good as here."""

    def renew(self) -> None:
        """Nothing is kept."""

    def _give_back(self, sign: Sign, pause: float = 0.0) -> None:
        """Nothing is given back."""

    def leave(self, exchange: Exchange) -> None:
        """Nobody wants to know."""


def ask_for_place(scan_id: uuid.UUID, attempt: int) -> Place | Change | None:
    """A place at the scan's host; or the change that put the scan in line; or None if the attempt is not there.

    Without Redis nobody can tell how many others ask the host just now, so it is not asked.
    """
    gate = get_gate()
    if gate.is_off:
        return NoPlace()
    candidate = patiently(lambda: lifecycle.find_candidate(scan_id, attempt))
    if candidate is None:
        return None
    place = Place(gate, Scope(candidate.host, candidate.batch_id, candidate.own_limits))
    answer, shut = _enter(place, candidate)
    if answer is Answer.TAKEN:
        return place
    log.debug("in line scan=%s attempt=%d host=%s why=%s", scan_id, attempt, candidate.host, answer)
    return patiently(lambda: lifecycle.hold(scan_id, attempt, shut=shut))


def ask_for_persons_place(url: str, *, lease: float) -> Place:
    """For somebody who waits for the answer: like *Retry now* it stands in no line, and no breaker keeps it out.

    After ``lease`` seconds it is given back by itself. Raises HostNotAsked.
    """
    gate = get_gate()
    if gate.is_off:
        return NoPlace()
    place = Place(gate, Scope(host_of(url), None, NO_LIMITS), lease=lease)
    place.enter_soon(Standing.PERSON, check=lambda: None)
    return place


def renew_places(places: Sequence[Place]) -> None:
    """Those of one process; the first that cannot be renewed speaks for all."""
    try:
        for place in places:
            place.renew()
    except redis.RedisError as error:
        log.warning("places not renewed places=%d error=%s", len(places), type(error).__name__)


def _enter(place: Place, candidate: lifecycle.Candidate) -> tuple[Answer, Shut | None]:
    try:
        return place.enter(_standing(candidate))
    except redis.RedisError as error:
        log.warning("held back, Redis is away host=%s error=%s", candidate.host, type(error).__name__)
        return Answer.BUSY, None


def _words(host: str, shut: Shut) -> str:
    left = format_duration(max(1, shut.seconds))
    if shut.why is HoldReason.ASKED:
        return f"{host} asked to be left alone for another {left}."
    return f"{host} failed too often in a row, and is left alone for another {left}."


def _standing(candidate: lifecycle.Candidate) -> Standing:
    """Who was cut off, or is wanted by a person, stood in line before."""
    if candidate.trigger is Trigger.MANUAL:
        return Standing.WANTED
    is_from_line = candidate.is_from_line or candidate.trigger is Trigger.REDELIVERED
    return Standing.LINE if is_from_line else Standing.NEW
