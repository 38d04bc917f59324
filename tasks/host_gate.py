"""Who may ask a host now: places and starts that all workers share, pauses and breakers, kept in Redis by its clock."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import redis
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.retry import Retry

from tasks.limits import RENEWALS_PER_LEASE
from webapp.live.redis_client import connect
from webapp.scans.host_limits import HostLimits, Shut
from webapp.scans.lifecycle import Line
from webapp.scans.states import HoldReason
from webapp.settings import Settings

#: Defines ``now`` for the scripts, in seconds: no process's own clock has a say.
REDIS_CLOCK: Final = "local _t = redis.call('TIME')\nlocal now = tonumber(_t[1]) + tonumber(_t[2]) / 1000000\n"
#: For so long, since somebody last stood there, is a line believed to be longer than nothing.
LINE_SECONDS: Final = 3.0
#: A wake-up that was offered a start is believed to be on its way for so long.
OFFER_SECONDS: Final = 10.0
#: Lines of one host that are looked at together; those after them have their turn when these are shorter.
MAX_LINES: Final = 500
_FOLDER: Final = Path(__file__).resolve().parent / "lua"


class Answer(StrEnum):
    """What came of asking for a place."""

    TAKEN = "taken"
    SHUT = "shut"
    BUSY = "busy"
    LINE = "line"


class Standing(StrEnum):
    """Who asks for a place: who waits behind whom, and what keeps them out."""

    #: Waits behind the line.
    NEW = "new"
    #: Stood in line, and was woken from it.
    LINE = "line"
    #: Stands in line, and a person wants it now: its attempt is the breaker's probe.
    WANTED = "wanted"
    #: A person who tries a rule, and stands in no line.
    PERSON = "person"
    #: A redirect of another host leads here: it has begun, so it stands in no line either.
    ONWARD = "onward"


class Sign(StrEnum):
    """What an attempt says of its host."""

    WELL = "well"
    ILL = "ill"
    UNKNOWN = "unknown"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Scope:
    """A host as one batch sees it: with the batch's own limits, where it has any."""

    host: str
    batch_id: uuid.UUID | None
    own_limits: HostLimits

    @property
    def keys(self) -> list[str]:
        return [_host_key(self.host), _line_key(self.host, self.batch_id)][: 2 if self.own_limits.are_set else 1]


@dataclass(frozen=True, slots=True)
class Offer:
    """``shut``: the host is asked nothing; ``counts``: how many of each line may go now."""

    shut: Shut | None
    look_again_seconds: float
    counts: Sequence[int]


class HostGate:
    """One for each process. Each question is one script: it is answered whole or not at all."""

    def __init__(self, client: redis.Redis, settings: Settings, *, clock: str) -> None:
        self.limits = HostLimits(settings.host_concurrency, settings.host_starts_per_second)
        self._breaker = (settings.host_breaker_failures, settings.host_breaker_seconds)
        self._pause_cap = settings.host_pause_cap
        self._lease = settings.lease_seconds
        # A holder that lives renews within this time once Redis is back.
        self._grace = settings.lease_seconds / RENEWALS_PER_LEASE
        self._enter, self._renew, self._leave, self._offer = (
            client.register_script(_script(name, clock)) for name in ("enter", "renew", "leave", "offer")
        )

    @property
    def is_off(self) -> bool:
        """Whether there is nothing to keep: no limit, no pause and no breaker."""
        return not (self.limits.are_set or self._breaker[0] or self._pause_cap)

    def enter(
        self, scope: Scope, place: str, standing: Standing, *, lease: float | None = None
    ) -> tuple[Answer, Shut | None]:
        """What came of it, and for how long and why a host that is shut is asked nothing. Raises RedisError."""
        each = (self.limits, scope.own_limits)[: len(scope.keys)]
        lease = self._lease if lease is None else lease
        args: list[str | float] = [place, lease, self._grace, LINE_SECONDS, standing.value]
        for limits in each:
            args += [limits.concurrency or 0, *limits.window]
        answer, *shut = self._enter(scope.keys, args)
        return Answer(answer.decode()), _shut(*shut) if shut else None

    def renew(self, scope: Scope, place: str) -> None:
        self._renew(scope.keys, [place, self._lease])

    def leave(self, scope: Scope, place: str, sign: Sign, *, pause: float) -> float:
        """Seconds for which the host is asked nothing from now on. Raises RedisError."""
        args: list[str | float] = [place, sign.value, min(pause, self._pause_cap), *self._breaker]
        return float(self._leave(scope.keys, args))

    def offer(self, lines: Sequence[Line], *, most: int) -> Offer:
        """Share out what the lines of one host may start now. Raises RedisError."""
        keys = [_host_key(lines[0].host), *(_line_key(line.host, line.batch_id) for line in lines)]
        count, _ = self.limits.window
        args: list[str | float] = [self._grace, LINE_SECONDS, OFFER_SECONDS, most, self.limits.concurrency or 0, count]
        for line in lines:
            own = line.own_limits
            args += [_name(line.batch_id), line.waiting, own.concurrency or 0, own.window[0]]
        seconds, why, again, *counts = self._offer(keys, args)
        shut = _shut(seconds, why) if float(seconds) else None
        return Offer(shut, float(again), [int(each) for each in counts])


def init_app(app: Flask, settings: Settings) -> None:
    # An attempt waits for the answer: patience is short, but not for the one connection that was closed meanwhile.
    client = connect(settings.redis_url, socket_timeout=2, socket_connect_timeout=1, retry=Retry(NoBackoff(), 1))
    app.extensions["tilldone.host_gate"] = HostGate(client, settings, clock=REDIS_CLOCK)


def get_gate() -> HostGate:
    gate: HostGate = current_app.extensions["tilldone.host_gate"]
    return gate


def _shut(seconds: bytes, why: bytes) -> Shut:
    return Shut(float(seconds), HoldReason(why.decode()))


def _script(name: str, clock: str) -> str:
    return clock + (_FOLDER / "common.lua").read_text() + (_FOLDER / f"{name}.lua").read_text()


def _host_key(host: str) -> str:
    """In braces what a Redis cluster keeps together."""
    return f"tilldone:host:{{{host}}}"


def _line_key(host: str, batch_id: uuid.UUID | None) -> str:
    return f"{_host_key(host)}:line:{_name(batch_id)}"


def _name(batch_id: uuid.UUID | None) -> str:
    return batch_id.hex if batch_id else ""
