"""Hundreds of streams read by one thread, for tests that ask of all of them the same."""

import select
import socket
import time
from typing import Self

from tests.live.browser import PATIENCE_SECONDS

REQUEST = b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n"


class Crowd:
    def __init__(self, port: int, size: int) -> None:
        self._heard: dict[int, bytes] = {}
        self._clients: dict[int, socket.socket] = {}
        self._poll = select.poll()
        for _ in range(size):
            client = socket.create_connection(("127.0.0.1", port))
            client.sendall(REQUEST)
            self._clients[client.fileno()] = client
            self._heard[client.fileno()] = b""
            self._poll.register(client, select.POLLIN)

    def wait_for_all(self, mark: bytes) -> None:
        """Until each has heard it since the last mark; raises AssertionError otherwise."""
        deadline = time.monotonic() + 2 * PATIENCE_SECONDS
        waiting = set(self._heard)
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} of {len(self._heard)} did not hear {mark!r}"
            self._read()
            waiting = {number for number in waiting if mark not in self._heard[number]}
        self._heard = dict.fromkeys(self._heard, b"")

    def _read(self) -> None:
        for number, _ in self._poll.poll(100):
            chunk = self._clients[number].recv(65536)
            self._heard[number] += chunk
            if not chunk:
                self._poll.unregister(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()
