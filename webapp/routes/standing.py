"""Is there anybody to run scans: what a page says at its foot when there is not."""

import time
from enum import StrEnum
from typing import Final

import redis
from flask import Flask, current_app

from tasks.presence import BEAT, WORKER, seen_lately

#: Worker and beat may start a little after the web process: until then one that was never seen is not missed.
STARTING_SECONDS: Final = 10.0
_STATE: Final = "tilldone.standing"


class Missing(StrEnum):
    """What keeps scans from going on."""

    REDIS = "redis"
    WORKER = "worker"
    BEAT = "beat"


class _Seen:
    """What this web process knows: when it began, and which kinds it has seen since."""

    def __init__(self) -> None:
        self.since = time.monotonic()
        self.kinds: set[str] = set()


def init_app(app: Flask) -> None:
    app.extensions[_STATE] = _Seen()
    app.jinja_env.globals["what_is_missing"] = what_is_missing


def what_is_missing() -> list[Missing]:
    """Empty while all is well; when Redis is away nothing can be said of the others."""
    try:
        return [kind for kind in (Missing.WORKER, Missing.BEAT) if not _is_there(kind)]
    except redis.RedisError:
        return [Missing.REDIS]


def _is_there(kind: Missing) -> bool:
    state: _Seen = current_app.extensions[_STATE]
    if seen_lately(WORKER if kind is Missing.WORKER else BEAT):
        state.kinds.add(kind)
        return True
    return kind not in state.kinds and time.monotonic() - state.since < STARTING_SECONDS
