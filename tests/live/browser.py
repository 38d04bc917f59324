"""A browser's end of a stream: reads on a thread of its own, and lets a test wait for what comes."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

PATIENCE_SECONDS = 10.0


@dataclass
class Event:
    """What one blank line ended; a comment has the name ``comment``."""

    name: str = "comment"
    id: int | None = None
    retry: int | None = None
    line: str = ""
    at: float = field(default_factory=time.monotonic)

    @property
    def data(self) -> Any:
        return json.loads(self.line)


class Browser:
    def __init__(self, lines: Iterable[bytes], hang_up: Callable[[], None] = lambda: None) -> None:
        self._events: list[Event] = []
        self._heard = threading.Condition()
        self._is_over = False
        self.hang_up = hang_up
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()

    def named(self, name: str) -> list[Event]:
        """Those that came so far."""
        with self._heard:
            return [event for event in self._events if event.name == name]

    def wait_for(self, name: str, count: int = 1) -> Event:
        """The last of so many events of the name; raises AssertionError if they do not come."""
        self._wait(lambda: len(self.named(name)) >= count, f"{count} {name}")
        return self.named(name)[count - 1]

    def wait_for_scan(self, scan_id: str, revision: int = 1) -> Event:
        """News of this revision of the scan."""

        def found() -> Event | None:
            news = (event for event in self.named("scan") if event.data["id"] == scan_id)
            return next((event for event in news if event.data["revision"] == revision), None)

        self._wait(lambda: found() is not None, f"revision {revision} of {scan_id}")
        event = found()
        assert event is not None
        return event

    def wait_for_end(self) -> None:
        self._wait(lambda: self._is_over, "an end")

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        with self._heard:
            assert self._heard.wait_for(condition, PATIENCE_SECONDS), f"{what} did not come: {self._events}"

    def _read(self, lines: Iterable[bytes]) -> None:
        try:
            for event in _events(lines):
                with self._heard:
                    self._events.append(event)
                    self._heard.notify_all()
        except (OSError, http.client.HTTPException):
            pass
        with self._heard:
            self._is_over = True
            self._heard.notify_all()


def visit(port: int, query: str = "") -> tuple[http.client.HTTPResponse, Browser]:
    """The answer to a request for the stream, and the browser that reads it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.request("GET", f"/api/v1/events{query}")
    client = connection.sock
    response = connection.getresponse()

    def hang_up() -> None:
        client.shutdown(socket.SHUT_RDWR)

    return response, Browser(response, hang_up)


def split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield from chunk.splitlines(keepends=True)


def _events(lines: Iterable[bytes]) -> Iterator[Event]:
    event = Event()
    for line in lines:
        text = line.decode().rstrip("\n")
        name, _, value = ("a comment", "", "") if text.startswith(":") else text.partition(": ")
        match name:
            case "":
                event.at = time.monotonic()
                yield event
                event = Event()
            case "event":
                event.name = value
            case "id" | "retry":
                setattr(event, name, int(value))
            case "data":
                event.line = value
