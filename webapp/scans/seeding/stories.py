"""Made-up scans with their attempts, as the life cycle would have left them."""

import datetime as dt
import json
import random
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import ErrorCode, Outcome, State, Trigger

Row = tuple[Any, ...]

SCAN_COLUMNS: Final = (
    *("id", "batch_id", "url", "host", "method", "policy", "state", "revision", "attempt", "interruptions", "crashes"),
    *("token", "trigger", "worker", "due_at", "deadline_at", "status", "error_code", "error", "created_at"),
    *("started_at", "finished_at"),
)
ATTEMPT_COLUMNS: Final = (
    *("scan_id", "number", "outcome", "trigger", "worker", "started_at", "finished_at", "status", "reason"),
    *("error_code", "error", "content_type", "size", "phases", "response_headers", "conditions"),
)
ANSWER_COLUMNS: Final = ("scan_id", "attempt", "content_type", "is_json", "is_truncated", "body")
#: How often scans come to each state, in a hundred. None is queued or runs: workers that are there would take it up.
_STATES: Final = {
    State.SUCCEEDED: 78,
    State.WAITING: 8,
    State.FAILED: 5,
    State.EXHAUSTED: 4,
    State.TIMED_OUT: 2,
    State.CANCELED: 2,
    State.ABANDONED: 1,
}
_PATHS: Final = (
    "export",
    "jobs",
    "reports",
    "status",
    "build",
    "v1/orders",
    "api/v2/import",
    "files",
    "health",
    "feeds",
)
_JSON_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What an attempt met that did not bring the scan its answer."""

    outcome: Outcome
    code: ErrorCode
    error: str
    status: int | None = None
    reason: str | None = None


def _answered(status: int, reason: str) -> _Trouble:
    words = f"The server answered {status} {reason}."
    return _Trouble(Outcome.HTTP_ERROR, ErrorCode.HTTP_STATUS, words, status, reason)


def _network(code: ErrorCode, error: str) -> _Trouble:
    return _Trouble(Outcome.NETWORK_ERROR, code, error)


_NOT_YET: Final = _Trouble(Outcome.NOT_MET, ErrorCode.NOT_YET, "Not yet: success is false, not true.", 200, "OK")
_LOST: Final = _Trouble(Outcome.INTERRUPTED, ErrorCode.WORKER_LOST, "Interrupted: its worker was lost.")
_TROUBLES: Final = (
    _NOT_YET,
    _NOT_YET,
    _answered(503, "Service Unavailable"),
    _answered(503, "Service Unavailable"),
    _answered(502, "Bad Gateway"),
    _answered(429, "Too Many Requests"),
    _answered(404, "Not Found"),
    _Trouble(Outcome.TIMED_OUT, ErrorCode.TIMEOUT, "No answer within 30 s."),
    _network(ErrorCode.CONNECTION_REFUSED, "The connection was refused."),
    _network(ErrorCode.CONNECTION_RESET, "The connection was reset."),
    _network(ErrorCode.DNS_LOOKUP_FAILED, "The name of the host is not known."),
)
_HOPELESS: Final = _network(ErrorCode.SSL_WRONG_HOST, "The certificate is for another name.")


@dataclass(slots=True)
class Stories:
    """Tells one scan after the other; the same seed tells the same ones."""

    dice: random.Random
    attempts_each: float = 5.0
    scans: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)
    _phases: list[str] = field(default_factory=list)
    _policy: str = json.dumps(RetryPolicy().to_json())

    def __post_init__(self) -> None:
        self._phases = [json.dumps(_phases(self.dice)) for _ in range(200)]

    def tell(self, created: dt.datetime, batch_id: str | None) -> None:
        """Add a scan that was submitted at that moment."""
        dice = self.dice
        scan_id = id_at(created, dice).hex
        [state] = dice.choices(list(_STATES), list(_STATES.values()))
        trouble = dice.choice(_TROUBLES)
        tries = 20 if state is State.EXHAUSTED else min(19, 1 + int(dice.expovariate(1 / (self.attempts_each - 1.1))))
        moment = created + dt.timedelta(seconds=dice.random() * 3)
        for number in range(1, tries + 1):
            last = number == tries
            met = _met(state, trouble) if last else trouble
            seconds = 0.05 + dice.random()
            self._tell_attempt(scan_id, number, moment, seconds, met)
            moment += dt.timedelta(seconds=seconds + (0 if last else 15))
        self._tell_scan(scan_id, batch_id, state, tries, created, moment, _met(state, trouble))
        if state is State.SUCCEEDED:
            body = b'{"success": true, "rows": %d}' % dice.randrange(100_000)
            self.answers.append((scan_id, tries, _JSON_TYPE, True, False, body))

    def _tell_scan(
        self,
        scan_id: str,
        batch_id: str | None,
        state: State,
        tries: int,
        created: dt.datetime,
        ended: dt.datetime,
        met: _Trouble | None,
    ) -> None:
        dice = self.dice
        host = f"{dice.choice(('api', 'shop', 'media', 'ci'))}-{int(dice.paretovariate(0.7)) % 2000}.example"
        url = f"https://{host}/{dice.choice(_PATHS)}/{dice.randrange(10**7):07d}"
        waits = state is State.WAITING
        due = _text(dt.datetime.now(dt.UTC) + dt.timedelta(days=dice.uniform(3, 30))) if waits else None
        deadline = _text(dt.datetime.now(dt.UTC) + dt.timedelta(days=60) if waits else created + dt.timedelta(hours=1))
        crashes = 5 if state is State.ABANDONED else 0
        code, status = (met.code if met else None), (met.status if met else 200)
        self.scans.append(
            (scan_id, batch_id, url, host, "GET", self._policy, state.value, 1 + 2 * tries, tries, crashes, crashes)
            + (tries, Trigger.AUTOMATIC.value if tries > 1 else Trigger.INITIAL.value, f"worker-{dice.randrange(4)}")
            + (due, deadline, status, code.value if code else None, _ended_words(state, tries, met), _text(created))
            + (_text(created), None if waits else _text(ended))
        )

    def _tell_attempt(
        self, scan_id: str, number: int, started: dt.datetime, seconds: float, met: _Trouble | None
    ) -> None:
        outcome = met.outcome if met else Outcome.SUCCEEDED
        status, reason = (met.status, met.reason) if met else (200, "OK")
        trigger = Trigger.AUTOMATIC if number > 1 else Trigger.INITIAL
        ended = started + dt.timedelta(seconds=seconds)
        has_answer = status is not None
        self.attempts.append(
            (scan_id, number, outcome.value, trigger.value, f"worker-{number % 4}", _text(started), _text(ended))
            + (status, reason, met.code.value if met else None, met.error if met else None)
            + (_JSON_TYPE if has_answer else None, 30 if has_answer else None, self._phases[number * 7 % 200])
            + ('[["Content-Type", "application/json"]]' if has_answer else "[]", "[]")
        )


def id_at(moment: dt.datetime, dice: random.Random) -> uuid.UUID:
    """An id of version 7, as it would have been given at that moment."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | dice.getrandbits(12) << 64 | 2 << 62 | dice.getrandbits(62))


def _met(state: State, trouble: _Trouble) -> _Trouble | None:
    """What the last attempt of a scan in this state met."""
    if state is State.SUCCEEDED:
        return None
    return {State.FAILED: _HOPELESS, State.ABANDONED: _LOST}.get(state, trouble)


def _ended_words(state: State, tries: int, met: _Trouble | None) -> str | None:
    match state:
        case State.EXHAUSTED:
            return f"Gave up after {tries} attempts. The last one: {met.error if met else ''}"
        case State.TIMED_OUT:
            return "Gave up: the deadline is over."
        case State.CANCELED:
            return "Canceled by a person."
        case State.ABANDONED:
            return "Abandoned: its worker was lost 5 times."
        case _:
            return met.error if met else None


def _phases(dice: random.Random) -> dict[str, float]:
    return {phase: round(dice.uniform(1, 80), 2) for phase in ("dns", "connect", "tls", "first_byte", "body")}


def _text(moment: dt.datetime) -> str:
    """UTC, as SQLite keeps it and PostgreSQL reads it."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")
