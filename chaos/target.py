"""The server that a drill's scans ask: fast, slow, failing twice, or poison, as the path says."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

TARGET_ADDRESS: Final = "127.0.0.1"
#: A flaky URL fails so often before it is good.
FAILURES: Final = 2
_POISON_SECONDS: Final = 5.0


class Target:
    """``on_poison`` is told the client's port of each request for poison, and kills whoever holds that connection."""

    def __init__(self, on_poison: Callable[[int], None]) -> None:
        self.on_poison = on_poison
        self.closing = threading.Event()
        self._hits: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = _Server((TARGET_ADDRESS, 0), type("Handler", (_Handler,), {"target": self}))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str) -> str:
        return f"http://{TARGET_ADDRESS}:{self.port}{path}"

    def note(self, path: str) -> int:
        """Returns how often this path was asked, this time included."""
        with self._lock:
            self._hits[path] += 1
            return self._hits[path]

    def stop(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_: Any) -> None:
        """A client that was killed is what the drill is about."""


class _Handler(BaseHTTPRequestHandler):
    target: Target

    def do_GET(self) -> None:  # noqa: N802 - the base class calls it so
        count = self.target.note(self.path)
        kind, _, rest = urlsplit(self.path).path.strip("/").partition("/")
        if kind == "poison":
            self.target.on_poison(self.client_address[1])
            # Killed while it waits for this answer; one that was missed gets none that is good.
            self.target.closing.wait(_POISON_SECONDS)
        if kind == "slow":
            self.target.closing.wait(float(rest.split("/")[0]))
        is_good = kind != "poison" and not (kind == "flaky" and count <= FAILURES)
        self._answer(200 if is_good else 503, is_good)

    def _answer(self, status: int, is_good: bool) -> None:
        body = json.dumps({"success": is_good}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Quiet."""
