"""How often it happened, across all processes, that what must do no harm was there and did none."""

import logging
from enum import StrEnum
from typing import Final

import redis
from flask import current_app

from tasks.celery import celery
from webapp.live.redis_client import get_quick_redis

log = logging.getLogger(__name__)

_KEY: Final = "tilldone:counters"


class Counter(StrEnum):
    """What is counted: late writes that were fenced off, and wake-ups for which there was nothing to do."""

    FENCED = "fenced"
    NEEDLESS = "needless"


def count(name: Counter, by: int = 1) -> None:
    """Add to it; when Redis is away it is left out, since no work may wait for a figure."""
    try:
        get_quick_redis(celery.flask_app).hincrby(_KEY, name.value, by)
    except redis.RedisError as error:
        log.debug("not counted name=%s error=%s", name, type(error).__name__)


def read_counters() -> dict[Counter, int]:
    """All of them, zeros included; raises RedisError when Redis is away."""
    found = get_quick_redis(current_app).hgetall(_KEY)
    return {counter: int(found.get(counter.value.encode(), 0)) for counter in Counter}
