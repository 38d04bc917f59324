"""One Redis client per process for news, heartbeats and counters, with timeouts that never hang a caller."""

from typing import Any

import redis
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect(url: str, **options: Any) -> redis.Redis:
    """A client that gives up within seconds; it opens no connection yet."""
    settings: dict[str, Any] = {
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 10,
        "retry": Retry(NoBackoff(), 1),
        **options,
    }
    if not url.startswith("unix:"):
        settings["socket_keepalive"] = True
    client: redis.Redis = redis.Redis.from_url(url, **settings)
    return client


def init_app(app: Flask, url: str) -> None:
    app.extensions["tilldone.redis"] = connect(url)
    hasty = {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 0)}
    app.extensions["tilldone.quick_redis"] = connect(url, **hasty)


def get_redis(app: Flask) -> redis.Redis:
    client: redis.Redis = app.extensions["tilldone.redis"]
    return client


def get_quick_redis(app: Flask) -> redis.Redis:
    """For what is good to know and not worth a wait: it gives up within a second."""
    client: redis.Redis = app.extensions["tilldone.quick_redis"]
    return client
