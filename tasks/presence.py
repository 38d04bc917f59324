"""Who of the worker and beat processes is alive, so that pages can say what runs scans, and when nothing does.

Each process has a key of its own that ends by itself; a set of names tells readers which keys to ask for. How long
ago a process was seen follows from what is left of its key, so no two machines' clocks are compared.
"""

import datetime as dt
import json
import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any, Final

import redis
from celery.signals import worker_ready, worker_shutting_down
from flask import Flask, current_app

from tasks.celery import celery
from webapp.live.redis_client import get_quick_redis

log = logging.getLogger(__name__)

WORKER: Final = "worker"
BEAT: Final = "beat"
#: A process that was not seen for so long counts as gone.
LATELY_SECONDS: Final = 15
_INTERVAL_SECONDS: Final = 5.0
#: Who calls more often than this is not heard: a tick must stay cheap.
_SHORTEST_INTERVAL_SECONDS: Final = 0.5
_STARTED_AT: Final = dt.datetime.now(dt.UTC)
_POOL_NAMES: Final = {"thread": "threads"}
_stopping = threading.Event()


@dataclass(frozen=True, slots=True)
class Presence:
    """A process that was seen lately; ``slots`` is how many scans it runs at the same time."""

    kind: str
    name: str
    host: str
    pid: int
    pool: str
    slots: int
    started_at: dt.datetime
    seconds_ago: float


@dataclass(frozen=True, slots=True)
class _Self:
    name: str
    pool: str = ""
    slots: int = 0

    def to_json(self) -> str:
        facts = {"pid": os.getpid(), "host": socket.gethostname(), "pool": self.pool, "slots": self.slots}
        return json.dumps({**facts, "started_at": _STARTED_AT.isoformat()})


#: As which worker this process is known, from the moment that it is ready.
_worker: _Self | None = None


def show_presence(app: Flask, kind: str) -> None:
    """Note that this process is alive; harmless when Redis is away."""
    shown = _shown_at(app)
    if time.monotonic() - shown.get(kind, -LATELY_SECONDS) < _SHORTEST_INTERVAL_SECONDS:
        return
    me = _self(kind)
    try:
        with get_quick_redis(app).pipeline(transaction=False) as pipeline:
            pipeline.set(_key(kind, me.name), me.to_json(), ex=LATELY_SECONDS)
            pipeline.sadd(_index(kind), me.name)
            # With the last of its names the set ends too.
            pipeline.expire(_index(kind), 2 * LATELY_SECONDS)
            pipeline.execute()
    except redis.RedisError as error:
        log.warning("presence not shown kind=%s error=%s", kind, type(error).__name__)
        return
    shown[kind] = time.monotonic()


def leave(app: Flask, kind: str) -> None:
    """Say at once that this process is gone; who is killed is missed once its key has ended."""
    name = _self(kind).name
    _shown_at(app).pop(kind, None)
    try:
        with get_quick_redis(app).pipeline(transaction=False) as pipeline:
            pipeline.delete(_key(kind, name))
            pipeline.srem(_index(kind), name)
            pipeline.execute()
    except redis.RedisError as error:
        log.debug("presence not withdrawn kind=%s error=%s", kind, type(error).__name__)


def seen_lately(kind: str) -> bool:
    return bool(list_present(kind))


def list_present(kind: str) -> list[Presence]:
    """Those that were seen in the last 15 s, by name; raises RedisError when Redis is away."""
    client = get_quick_redis(current_app)
    names = sorted(name.decode() if isinstance(name, bytes) else name for name in client.smembers(_index(kind)))
    if not names:
        return []
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.get(_key(kind, name))
            pipeline.pttl(_key(kind, name))
        answers = pipeline.execute()
    found = {name: (answers[2 * n], answers[2 * n + 1]) for n, name in enumerate(names)}
    if gone := [name for name, (facts, _) in found.items() if facts is None]:
        client.srem(_index(kind), *gone)
    return [_presence(kind, name, facts, ttl) for name, (facts, ttl) in found.items() if facts is not None]


def _presence(kind: str, name: str, facts: bytes, milliseconds_left: int) -> Presence:
    known = json.loads(facts)
    # Below zero the key ended between the two questions: it was seen the full time ago.
    seconds_ago = LATELY_SECONDS - max(0, milliseconds_left) / 1000
    started_at = dt.datetime.fromisoformat(known.pop("started_at"))
    return Presence(kind=kind, name=name, **known, started_at=started_at, seconds_ago=max(0.0, seconds_ago))


def _self(kind: str) -> _Self:
    if kind == WORKER and _worker is not None:
        return _worker
    return _Self(f"{socket.gethostname()}:{os.getpid()}")


def _shown_at(app: Flask) -> dict[str, float]:
    """When each kind was last shown by this app, by the monotonic clock."""
    shown: dict[str, float] = app.extensions.setdefault("tilldone.presence", {})
    return shown


def _index(kind: str) -> str:
    return f"tilldone:presence:{kind}"


def _key(kind: str, name: str) -> str:
    return f"{_index(kind)}:{name}"


@worker_ready.connect
def _worker_is_ready(sender: Any, **_: Any) -> None:
    """``sender`` is Celery's consumer, whose controller made the pool."""
    global _worker
    pool = type(sender.pool).__module__.rpartition(".")[2]
    _worker = _Self(str(sender.hostname), _POOL_NAMES.get(pool, pool), int(sender.controller.concurrency))
    _stopping.clear()
    threading.Thread(target=_show_until_stopped, name="presence", daemon=True).start()


@worker_shutting_down.connect
def _worker_stops(**_: Any) -> None:
    """Called by the handler of a signal: only the thread may speak to Redis, whose locks this thread may hold."""
    _stopping.set()


def _show_until_stopped() -> None:
    while not _stopping.is_set():
        show_presence(celery.flask_app, WORKER)
        _stopping.wait(_INTERVAL_SECONDS)
    leave(celery.flask_app, WORKER)
