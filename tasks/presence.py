"""Who of the worker and beat processes was seen lately, so that pages can say when nothing runs scans."""

import logging
import threading
from typing import Any, Final

import redis
from celery.signals import worker_ready, worker_shutting_down
from flask import Flask, current_app

from tasks.celery import celery
from webapp.live.redis_client import get_redis

log = logging.getLogger(__name__)

WORKER: Final = "worker"
BEAT: Final = "beat"
#: A process that was not seen for so long counts as gone.
LATELY_SECONDS: Final = 15
_INTERVAL_SECONDS: Final = 5.0
_stopping = threading.Event()


def show_presence(app: Flask, kind: str) -> None:
    """Note that a process of this kind is alive; harmless when Redis is away."""
    try:
        get_redis(app).set(_key(kind), "1", ex=LATELY_SECONDS)
    except redis.RedisError as error:
        log.warning("presence not shown kind=%s error=%s", kind, type(error).__name__)


def seen_lately(kind: str) -> bool:
    return bool(get_redis(current_app).exists(_key(kind)))


def _key(kind: str) -> str:
    return f"tilldone:presence:{kind}"


@worker_ready.connect
def _worker_is_ready(**_: Any) -> None:
    _stopping.clear()
    threading.Thread(target=_show_until_stopped, name="presence", daemon=True).start()


@worker_shutting_down.connect
def _worker_stops(**_: Any) -> None:
    _stopping.set()


def _show_until_stopped() -> None:
    while not _stopping.is_set():
        show_presence(celery.flask_app, WORKER)
        _stopping.wait(_INTERVAL_SECONDS)
