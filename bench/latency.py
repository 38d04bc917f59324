"""How soon things happen: submit to the first attempt, and a settled scan to the event at a stream client."""

import http.client
import json
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from bench.parts import CONCURRENCY, parts, percentile
from bench.target import Target
from tests.stack import beat, web, worker
from webapp.settings import Settings

SCANS = 200


def run() -> None:
    print(
        f"\nLatency: web, worker and beat on one machine, {SCANS} scans one after the other (median of an idle system)"
    )
    for database in ("sqlite", "postgres"):
        with Target() as target, parts(database) as settings:
            started, told = _measure(settings, target)
        _print(database, "submit -> first attempt started", started, "")
        _print(database, "settled -> event at the client", told, "(aim p50 50, p99 200)")


def _print(database: str, what: str, seconds: list[float], aim: str) -> None:
    p50, p99 = (percentile(seconds, percent) * 1000 for percent in (50, 99))
    print(f"  {database:9} {what:34} p50 {p50:6.1f} ms   p99 {p99:6.1f} ms  {aim}")


def _measure(settings: Settings, target: Target) -> tuple[list[float], list[float]]:
    with web(settings) as site, worker(settings, concurrency=CONCURRENCY), beat(settings):
        bearer = site.bearer
        listener = _Listener(site, bearer)
        started, told = [], []
        for n in range(SCANS):
            scan = _post(site, bearer, target.url(str(n)))
            news, heard_at = listener.wait_for(scan["id"])
            started.append(_seconds(news["started_at"]) - _seconds(scan["created_at"]))
            told.append(heard_at - _seconds(news["finished_at"]))
    return started, told


class _Listener:
    """A stream of all scans; remembers when the end of each was heard."""

    def __init__(self, address: str, bearer: dict[str, str]) -> None:
        self._heard: dict[str, tuple[dict[str, str], float]] = {}
        self._changed = threading.Condition()
        self._open = threading.Event()
        threading.Thread(target=self._listen, args=(address, bearer), daemon=True).start()
        assert self._open.wait(20), "the stream did not open"

    def wait_for(self, scan_id: str) -> tuple[dict[str, str], float]:
        with self._changed:
            assert self._changed.wait_for(lambda: scan_id in self._heard, 30), f"nothing heard of {scan_id}"
            return self._heard[scan_id]

    def _listen(self, address: str, bearer: dict[str, str]) -> None:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        connection.request("GET", "/api/v1/events", headers=bearer)
        for event, data in _events(connection.getresponse()):
            if event == "open":
                self._open.set()
            if event == "scan" and data["finished_at"]:
                with self._changed:
                    self._heard[data["id"]] = (data, time.time())
                    self._changed.notify_all()


def _events(stream: http.client.HTTPResponse) -> Iterator[tuple[str, dict[str, str]]]:
    event = ""
    for line in stream:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


def _post(address: str, bearer: dict[str, str], url: str) -> dict[str, str]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    headers = {"Content-Type": "application/json", **bearer}
    connection.request("POST", "/api/v1/scans", json.dumps({"url": url}), headers)
    answer: dict[str, str] = json.loads(connection.getresponse().read())
    connection.close()
    assert uuid.UUID(answer["id"])
    return answer


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
