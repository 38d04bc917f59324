"""Figures that no work waits for."""

import time

import pytest
import redis
from flask import Flask

from tasks.counters import Counter, count, read_counters
from webapp.live import redis_client
from webapp.live.redis_client import get_redis


def test_what_is_counted_adds_up_and_what_is_not_is_zero(app: Flask) -> None:
    get_redis(app).flushall()

    count(Counter.FENCED)
    count(Counter.FENCED, 2)

    assert read_counters() == {Counter.FENCED: 3, Counter.NEEDLESS: 0}


def test_while_redis_is_away_counting_does_no_harm_and_takes_no_time(app: Flask) -> None:
    redis_client.init_app(app, "redis://127.0.0.1:9/0")
    started = time.monotonic()

    count(Counter.NEEDLESS)

    assert time.monotonic() - started < 1
    with pytest.raises(redis.RedisError):
        read_counters()
