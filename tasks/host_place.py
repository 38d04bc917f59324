"""An attempt's place at its host: asked for before the claim, given back with what the exchange says of the host."""

import datetime as dt
import logging
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Final

import redis

from tasks.database_away import patiently
from tasks.host_gate import Answer, HostGate, Scope, Sign, get_gate
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.scans.durations import format_duration
from webapp.scans.exchange import Exchange
from webapp.scans.host_limits import NO_LIMITS, host_of
from webapp.scans.retry_after import retry_after_seconds
from webapp.scans.states import ErrorCode, Trigger

log = logging.getLogger(__name__)

#: The host could not be reached, or did not answer properly; what is not here says nothing of it, or well of it.
_HOST_FAILURES: Final = {
    ErrorCode.DNS_LOOKUP_FAILED,
    ErrorCode.CONNECTION_REFUSED,
    ErrorCode.CONNECTION_RESET,
    ErrorCode.SOCKET_CLOSED,
    ErrorCode.HOST_UNREACHABLE,
    ErrorCode.TIMEOUT,
    ErrorCode.SSL_CERT_EXPIRED,
    ErrorCode.SSL_ERROR,
    ErrorCode.BAD_RESPONSE,
}
_ASKS_TO_WAIT: Final = (429, 503)
#: The gateway before the host says that it could not reach it. Any other status is an answer, and a 503 or 500 is how
#: many servers say "not yet": who waits for that must not be kept from asking by having asked.
_GATEWAY_FAILURES: Final = (502, 504)
#: A person who waits for a place is patient for so long, and looks again so often.
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
    """Given back once, by whoever comes first; until then it is kept by ``renew``."""

    def __init__(self, gate: HostGate, scope: Scope) -> None:
        self._gate = gate
        self._scope = scope
        self._lock = threading.Lock()
        self._is_left = False
        self.name = uuid.uuid4().hex

    def enter(self, *, is_from_line: bool, is_wanted: bool, lease: float | None = None) -> tuple[Answer, float]:
        """Raises RedisError."""
        return self._gate.enter(self._scope, self.name, is_from_line=is_from_line, is_wanted=is_wanted, lease=lease)

    def renew(self) -> None:
        """Raises RedisError."""
        # Locked, so that none is renewed that was just given back.
        with self._lock:
            if not self._is_left:
                self._gate.renew(self._scope, self.name)

    def leave(self, exchange: Exchange) -> None:
        """The exchange is over."""
        self._give_back(sign_of(exchange, self._scope.host), pause_of(exchange, self._scope.host))

    def leave_unused(self) -> None:
        """There was nothing to ask: the start counts for nobody."""
        self._give_back(Sign.UNUSED)

    def leave_untold(self) -> None:
        """Whatever came of it says nothing of the host; also for who may have left already."""
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
    answer, seconds = _enter(place, candidate)
    if answer is Answer.TAKEN:
        return place
    log.debug("in line scan=%s attempt=%d host=%s why=%s", scan_id, attempt, candidate.host, answer)
    shut_seconds = seconds if answer is Answer.SHUT else None
    return patiently(lambda: lifecycle.hold(scan_id, attempt, seconds=shut_seconds))


def ask_for_persons_place(url: str, *, lease: float) -> Place:
    """For somebody who waits for the answer: like *Retry now* it stands in no line, and no breaker keeps it out.

    After ``lease`` seconds it is given back by itself. Raises HostNotAsked.
    """
    gate = get_gate()
    if gate.is_off:
        return NoPlace()
    host = host_of(url)
    place = Place(gate, Scope(host, None, NO_LIMITS))
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            # Not from the line: what is offered to those who stand in it stays theirs, however often one looks.
            answer, seconds = place.enter(is_from_line=False, is_wanted=True, lease=lease)
        except redis.RedisError as error:
            log.warning("trial refused, Redis is away host=%s error=%s", host, type(error).__name__)
            raise HostNotAsked("Redis is away, and nobody knows who else asks the host now.", _RETRY_SECONDS) from None
        if answer is Answer.TAKEN:
            return place
        if answer is Answer.SHUT:
            why = f"{host} asked to be left alone for another {format_duration(max(1, seconds))}."
            raise HostNotAsked(why, seconds)
        if time.monotonic() >= until:
            raise HostNotAsked(f"Scans ask {host} as often as the limits allow.", _RETRY_SECONDS)
        time.sleep(_LOOK_AGAIN_SECONDS)


def renew_places(places: Sequence[Place]) -> None:
    """Those of one process; the first that cannot be renewed speaks for all."""
    try:
        for place in places:
            place.renew()
    except redis.RedisError as error:
        log.warning("places not renewed places=%d error=%s", len(places), type(error).__name__)


def sign_of(exchange: Exchange, host: str) -> Sign:
    """Whether the host was there; what it answered is no matter of this."""
    failure = exchange.failure
    if _is_elsewhere(exchange, host):
        return Sign.WELL
    if failure is None:
        return Sign.ILL if exchange.status in _GATEWAY_FAILURES else Sign.WELL
    return Sign.ILL if failure.code in _HOST_FAILURES and not failure.is_permanent else Sign.UNKNOWN


def pause_of(exchange: Exchange, host: str) -> float:
    """Seconds for which the host itself asks to be left alone."""
    if exchange.failure is not None or exchange.status not in _ASKS_TO_WAIT or _is_elsewhere(exchange, host):
        return 0.0
    return retry_after_seconds(exchange.headers, at=dt.datetime.now(dt.UTC)) or 0.0


def _is_elsewhere(exchange: Exchange, host: str) -> bool:
    """The host answered, with a redirect to another one."""
    return bool(exchange.redirects) and host_of(exchange.url) != host


def _enter(place: Place, candidate: lifecycle.Candidate) -> tuple[Answer, float]:
    is_wanted = candidate.trigger is Trigger.MANUAL
    # Who was cut off, or is wanted by a person, stood in line before.
    is_from_line = candidate.is_from_line or is_wanted or candidate.trigger is Trigger.REDELIVERED
    try:
        return place.enter(is_from_line=is_from_line, is_wanted=is_wanted)
    except redis.RedisError as error:
        log.warning("held back, Redis is away host=%s error=%s", candidate.host, type(error).__name__)
        return Answer.BUSY, 0.0
