"""The subscription: one connection to Redis that stands once Redis has said so, and notices when it is gone."""

import time
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from webapp.live.redis_client import connect


class Subscription:
    """Any error of Redis from here means that it is lost: news may have been missed, and it is of no further use.

    redis-py's own PubSub will not do: it reconnects without a word, and when asked to wait only milliseconds it takes
    a message whose second half is still on its way for a lost connection.
    """

    def __init__(self, url: str, channel: str, *, quiet_seconds: float) -> None:
        # Held because redis-py closes the connections of a client that is collected. Protocol 2 has no push messages.
        self._client = connect(url, protocol=2, health_check_interval=0, retry=Retry(NoBackoff(), 0))
        self._connection: Any = self._client.connection_pool.get_connection()
        self._quiet_seconds = quiet_seconds
        self._heard_at = time.monotonic()
        self._is_asked = False
        try:
            self._send("SUBSCRIBE", channel)
            self._connection.read_response()
        except BaseException:
            self.close()
            raise

    def read(self, seconds: float) -> bytes | None:
        """The next message, or None if none came in that time; now and then None earlier than that."""
        if not self._connection.can_read(timeout=min(seconds, self._quiet_seconds)):
            self._ask_if_quiet()
            return None
        kind, _, *rest = self._connection.read_response()
        self._heard_at = time.monotonic()
        self._is_asked = False
        return rest[0] if kind == b"message" else None

    def close(self) -> None:
        self._connection.disconnect()
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask_if_quiet(self) -> None:
        """A peer that vanished without a word is known only by its silence."""
        now = time.monotonic()
        if now - self._heard_at < self._quiet_seconds:
            return
        if self._is_asked:
            raise redis.TimeoutError("no answer to PING")
        self._send("PING")
        self._is_asked = True
        self._heard_at = now

    def _send(self, *command: str) -> None:
        self._connection.send_command(*command, check_health=False)
