"""A scripted HTTP server on loopback: the edge of the world, where the tests decide what happens.

``python -m tests.target PORT`` runs it alone.
"""

import gzip
import json
import socket
import struct
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

GOOD = {"success": True, "rows": 1834}


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    #: ``time.monotonic()``.
    at: float


class Target:
    """Behaves as the path says; see the ``do_`` methods of its handler. A query makes a path a test's own."""

    def __init__(self, port: int = 0, *, address: str = "127.0.0.1") -> None:
        self.requests: list[Seen] = []
        #: Requests that were under way at the same time, at the most.
        self.peak = 0
        self._under_way = 0
        self._hits: Counter[str] = Counter()
        self._words: dict[str, bytes] = {}
        self._gates: dict[str, threading.Event] = {}
        self._changed = threading.Condition()
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"target": self})
        self._server = _Server((address, port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        address, port = self._server.server_address[:2]
        return f"http://{address!s}:{port}{path}"

    def hits(self, path: str) -> int:
        with self._changed:
            return self._hits[path]

    def wait_for_hits(self, path: str, count: int, timeout: float = 10) -> None:
        with self._changed:
            came = self._changed.wait_for(lambda: self._hits[path] >= count, timeout)
            assert came, f"{path} was asked {self._hits[path]} times within {timeout} s, not {count}"

    def say(self, answer: bytes, *, path: str = "/raw") -> str:
        """Have ``/raw…`` answer these very bytes, and close; returns its URL."""
        self._words[path] = answer
        return self.url(path)

    def words(self, path: str) -> bytes:
        return self._words[path]

    def open(self, gate: str) -> None:
        """Let those go on who wait at ``/gate?name=…``."""
        self.gate(gate).set()

    def gate(self, name: str) -> threading.Event:
        with self._changed:
            return self._gates.setdefault(name, threading.Event())

    def note(self, seen: Seen) -> int:
        """Returns how often this path was asked, this time included."""
        with self._changed:
            self.requests.append(seen)
            self._hits[seen.path] += 1
            self._under_way += 1
            self.peak = max(self.peak, self._under_way)
            self._changed.notify_all()
            return self._hits[seen.path]

    def note_end(self) -> None:
        with self._changed:
            self._under_way -= 1

    def stop(self) -> None:
        self.closing.set()
        for gate in list(self._gates.values()):
            gate.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_: Any) -> None:
        """A client that went away is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    target: Target

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen = Seen(self.command, self.path, dict(self.headers), body, time.monotonic())
        self.count = self.target.note(self.seen)
        try:
            self._answer_it()
        finally:
            self.target.note_end()

    def _answer_it(self) -> None:
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name, _, rest = parts.path.strip("/").partition("/")
        self.rest = rest
        getattr(self, f"do_{name.replace('-', '_')}", self.do_ok)()
        self.close_connection = True

    def do_ok(self) -> None:
        self.answer(200, GOOD)

    def do_status(self) -> None:
        self.answer(int(self.rest), {"status": int(self.rest)})

    def do_flaky(self) -> None:
        is_good = self.count > int(self.query["fail"])
        bad_status = int(self.query.get("status", "503"))
        self.answer(200 if is_good else bad_status, GOOD if is_good else {"error": "busy"})

    def do_busy(self) -> None:
        """Asks the first who come to come back later."""
        if self.count > int(self.query["times"]):
            return self.answer(200, GOOD)
        self.answer(503, {"error": "busy"}, {"Retry-After": self.query["seconds"]})

    def do_not_yet(self) -> None:
        self.answer(200, {"success": self.count > int(self.query["times"]), "progress": self.count * 10})

    def do_json(self) -> None:
        """Answers the request's own body, as JSON."""
        self.answer_bytes(200, self.seen.body)

    def do_bad_json(self) -> None:
        self.answer_bytes(200, b'{"success": tru')

    def do_text(self) -> None:
        self.answer_bytes(200, b"done", content_type="text/plain")

    def do_empty(self) -> None:
        self.answer_bytes(204, b"", content_type="")

    def do_echo(self) -> None:
        self.answer(200, {"method": self.command, "headers": self.seen.headers, "body": self.seen.body.decode()})

    def do_slow(self) -> None:
        self.target.closing.wait(float(self.query["seconds"]))
        self.answer(200, GOOD)

    def do_gate(self) -> None:
        self.target.gate(self.query["name"]).wait(30)
        self.answer(200, GOOD)

    def do_hang(self) -> None:
        self._until_gone()

    def do_drip(self) -> None:
        self._head(200, {"Content-Type": "application/json", "Content-Length": "100000"})
        self._drip(b"x")

    def do_drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        self._drip(b"x")

    def do_endless(self) -> None:
        self._head(200, {"Content-Type": "text/plain"})
        while True:
            self.wfile.write(b"x" * 65536)

    def do_endless_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-" + b"a" * 60000 + b": b\r\n")

    def do_early_hints(self) -> None:
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        self.answer(200, GOOD)

    def do_reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def do_close(self) -> None:
        """Closes without a word."""

    def do_cut(self) -> None:
        self._head(200, {"Content-Type": "application/json", "Content-Length": "1000"})
        self.wfile.write(b'{"success": ')

    def do_garbage(self) -> None:
        self.wfile.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")

    def do_raw(self) -> None:
        self.wfile.write(self.target.words(self.path))

    def do_huge(self) -> None:
        size = int(float(self.query["mb"]) * 1024 * 1024)
        self._head(200, {"Content-Type": "text/plain", "Content-Length": str(size)})
        for _ in range(size // 65536):
            self.wfile.write(b"x" * 65536)

    def do_gzip(self) -> None:
        self.answer_bytes(200, gzip.compress(json.dumps(GOOD).encode()), encoding="gzip")

    def do_bomb(self) -> None:
        """A hundred MiB of nothing in a hundred KiB."""
        squeeze = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        parts = [squeeze.compress(b"\0" * 1024 * 1024) for _ in range(100)]
        self.answer_bytes(200, b"".join(parts) + squeeze.flush(), encoding="gzip")

    def do_not_gzip(self) -> None:
        self.answer_bytes(200, b"not gzip at all", encoding="gzip")

    def do_encoded(self) -> None:
        self.answer_bytes(200, b"\x0b", encoding=self.rest)

    def do_chunked(self) -> None:
        self._head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
        body = json.dumps(GOOD).encode()
        self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))

    def do_cookies(self) -> None:
        self.answer(200, GOOD, {"Set-Cookie": "a=b"})

    def do_redirect(self) -> None:
        left = int(self.query["n"])
        location = f"/redirect?n={left - 1}" if left > 1 else "/echo"
        self._head(int(self.query.get("status", "302")), {"Location": location, "Set-Cookie": "seen=1"})

    def do_redirect_loop(self) -> None:
        self._head(302, {"Location": self.path})

    def do_redirect_to(self) -> None:
        self._head(int(self.query.get("status", "302")), {"Location": self.query["url"], "Content-Type": "text/plain"})
        self.wfile.write(b"x" * 1000)

    def answer(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self.answer_bytes(status, json.dumps(value).encode(), headers=headers)

    def answer_bytes(
        self,
        status: int,
        body: bytes,
        *,
        content_type: str = "application/json",
        encoding: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        all_headers = {"Content-Type": content_type, "Content-Encoding": encoding, **(headers or {})}
        self._head(status, {name: value for name, value in all_headers.items() if value}, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str], length: int | None = None) -> None:
        words = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        if length is not None:
            words.append(f"Content-Length: {length}")
        self.wfile.write("\r\n".join([*words, "Connection: close", "", ""]).encode("latin-1"))

    def _drip(self, drop: bytes) -> None:
        while not self.target.closing.wait(0.05):
            self.wfile.write(drop)

    def _until_gone(self) -> None:
        """Until the client closes, or the server is stopped."""
        self.connection.settimeout(0.2)
        while not self.target.closing.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def target() -> Iterator[Target]:
    running = Target()
    yield running
    running.stop()


if __name__ == "__main__":
    alone = Target(int(sys.argv[1]))
    print(alone.url("/"), flush=True)
    while True:
        time.sleep(3600)
