"""The subscription: one connection to Redis that stands once Redis has said so, and notices when it is gone."""

import ssl
import time
from typing import Any, Final, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from webapp.live.redis_client import connect
from webapp.live.resp import MalformedReply, Replies

_READ_BYTES: Final = 64 * 1024
#: Others have to be served too; what is left comes the next time.
_MOST_READS: Final = 64
_CONFIRM_SECONDS: Final = 5.0


class Subscription:
    """Any error of Redis from here means that it is lost: news may have been missed, and it is of no further use.

    redis-py makes the connection, with all that a URL may ask for. Its PubSub will not do: it reconnects without a
    word, and cannot be waited for together with other sockets.
    """

    def __init__(self, url: str, channel: str, *, quiet_seconds: float) -> None:
        """Waits until Redis has confirmed it: from then on nothing is missed."""
        # Held because redis-py closes the connections of a client that is collected.
        self._client = connect(url, protocol=2, health_check_interval=0, retry=Retry(NoBackoff(), 0))
        self._connection: Any = self._client.connection_pool.get_connection()
        self._replies = Replies()
        self._quiet_seconds = quiet_seconds
        self._is_asked = False
        self._messages: list[bytes] = []
        try:
            self._send("SUBSCRIBE", channel)
            self._socket: Any = self._connection._get_socket()
            self._confirm()
        except BaseException:
            self.close()
            raise
        self._heard_at = time.monotonic()

    def fileno(self) -> int:
        """To be waited for until it can be read from."""
        descriptor: int = self._socket.fileno()
        return descriptor

    def receive(self) -> list[bytes]:
        """The messages that have come; waits for none."""
        messages, self._messages = self._messages, []
        for _ in range(_MOST_READS):
            try:
                chunk = self._socket.recv(_READ_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                break
            except OSError as error:
                raise redis.ConnectionError(type(error).__name__) from error
            messages += _messages(self._parse(chunk))
        return messages

    def ask_if_quiet(self, now: float) -> None:
        """A peer that vanished without a word is known only by its silence; to be called now and then."""
        if now - self._heard_at < self._quiet_seconds:
            return
        if self._is_asked:
            raise redis.TimeoutError("no answer to PING")
        self._send("PING")
        self._is_asked = True
        self._heard_at = now

    def close(self) -> None:
        self._connection.disconnect()
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _confirm(self) -> None:
        self._socket.settimeout(_CONFIRM_SECONDS)
        try:
            while not (replies := self._parse(self._socket.recv(_READ_BYTES))):
                pass
        except OSError as error:
            raise redis.ConnectionError(type(error).__name__) from error
        if not isinstance(replies[0], list):
            raise redis.ResponseError(str(replies[0]))
        self._messages = _messages(replies[1:])
        self._socket.setblocking(False)

    def _parse(self, chunk: bytes) -> list[Any]:
        if not chunk:
            raise redis.ConnectionError("Redis has closed the connection")
        self._heard_at = time.monotonic()
        self._is_asked = False
        try:
            return self._replies.feed(chunk)
        except MalformedReply as error:
            raise redis.ConnectionError(str(error)) from error

    def _send(self, *command: str) -> None:
        self._connection.send_command(*command, check_health=False)


def _messages(replies: list[Any]) -> list[bytes]:
    return [reply[2] for reply in replies if isinstance(reply, list) and reply[0] == b"message"]
