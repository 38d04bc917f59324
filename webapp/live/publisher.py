"""Tell Redis what was committed; news is best effort, the row is the truth."""

import logging
import os
import threading
from collections.abc import Sequence
from typing import Any, Final

import redis
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.retry import Retry

from webapp.live.events import CHANNEL, encode
from webapp.live.redis_client import connect
from webapp.scans.change import Change

log = logging.getLogger(__name__)

#: Commands that are handed to the kernel at once.
_CHUNK: Final = 1000


class Publisher:
    """One connection that asks for no replies: waiting for them was a fifth of a worker's time.

    A server that went away is noticed before sending: where no reply ever comes, a readable socket is a closed one.
    """

    def __init__(self, url: str) -> None:
        # Held because redis-py closes the connections of a client that is collected.
        self._client = connect(url, protocol=2, health_check_interval=0, retry=Retry(NoBackoff(), 0))
        self._connection: Any = None
        self._pid = 0
        self._lock = threading.Lock()

    def send(self, messages: Sequence[bytes]) -> None:
        """Publish them in their order; raises RedisError when Redis is away."""
        with self._lock:
            connection = self._standing()
            try:
                for start in range(0, len(messages), _CHUNK):
                    commands = [("PUBLISH", CHANNEL, message) for message in messages[start : start + _CHUNK]]
                    connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            except BaseException:
                self._drop()
                raise

    def _standing(self) -> Any:
        """The connection, a new one where the old one is of no use; one that was inherited is its parent's."""
        if self._pid != os.getpid():
            self._connection, self._pid = None, os.getpid()
        if self._connection is not None and _is_closed(self._connection):
            self._drop()
        if self._connection is None:
            connection: Any = self._client.connection_pool.make_connection()
            connection.connect()
            connection.send_command("CLIENT", "REPLY", "OFF", check_health=False)
            self._connection = connection
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None


def init_app(app: Flask, redis_url: str) -> None:
    app.extensions["tilldone.publisher"] = Publisher(redis_url)


def publish(changes: Sequence[Change]) -> None:
    """Publish each change once; a page that misses one because Redis is away reads the row when it is back."""
    if not changes:
        return
    publisher: Publisher = current_app.extensions["tilldone.publisher"]
    try:
        publisher.send([encode(change) for change in changes])
    except redis.RedisError as error:
        log.warning("news not published, Redis is away changes=%d error=%s", len(changes), type(error).__name__)


def _is_closed(connection: Any) -> bool:
    try:
        return bool(connection.can_read(timeout=0))
    except (redis.RedisError, OSError):
        return True
