"""The canary: secrets go through a whole Tilldone, and afterwards are looked for wherever they must not be."""

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from sqlalchemy import create_engine, inspect, text

from tests.conftest import settings_for
from tests.stack import Site, beat, web, worker
from tests.target import Target
from tests.valkey_server import ValkeyServer
from webapp.settings import Settings

TOKEN, PASSWORD, COOKIE, BODY = "canary/tok+4711", "canary-password", "canary-cookie", "canary-in-the-body"
SECRETS = (TOKEN, quote(TOKEN, safe=""), PASSWORD, COOKIE, base64.b64encode(f"anna:{PASSWORD}".encode()).decode())
HEADERS = {
    "Authorization": "Basic " + base64.b64encode(f"anna:{PASSWORD}".encode()).decode(),
    "X-Api-Token": TOKEN,
    "Cookie": f"theme=dark; session={COOKIE}",
}
#: They echo what they were sent, fail in several ways, or lead to one that does.
PATHS = ("/echo", "/status/503", "/reset", "/bad_json", "/redirect?n=1")


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str, valkey: ValkeyServer) -> Settings:
    return settings_for(tmp_path, sqlite_url, valkey.url)


@contextmanager
def overhearing(valkey: ValkeyServer) -> Iterator[bytearray]:
    """Everything that anybody says to Valkey, as it goes by: messages, news, presence."""
    heard = bytearray()
    with socket.socket(socket.AF_UNIX) as ear:
        ear.connect(valkey.url.removeprefix("unix://"))
        ear.sendall(b"MONITOR\r\n")
        assert ear.recv(5) == b"+OK\r\n"

        def listen() -> None:
            while words := ear.recv(65536):
                heard.extend(words)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield heard
        ear.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_no_secret_is_found_where_it_must_not_be(
    settings: Settings, valkey: ValkeyServer, target: Target, tmp_path: Path
) -> None:
    verbose = {"LOG_LEVEL": "DEBUG"}
    with (
        overhearing(valkey) as overheard,
        web(settings, **verbose) as site,
        worker(settings, **verbose) as working,
        beat(settings, **verbose) as beating,
    ):
        told = _submit_and_watch(site, target)
        pages = _all_pages(site, told)
        printed = [site.process.output, working.output, beating.output]

    assert target.requests[0].headers["X-Api-Token"] == TOKEN
    places = {
        "Valkey": overheard.decode("latin-1"),
        "the stream": told.stream,
        "the pages": pages,
        "the logs": "\n".join(printed),
        "the database": _dump(settings.database_url),
        "the folder": "".join(path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()),
    }
    assert b"tilldone.scan" in overheard and "Tried 1 times" in places["the logs"] and "succeeded" in told.stream
    found = [(place, secret) for place, words in places.items() for secret in SECRETS if secret in words]
    # Elsewhere it may stand as an answer: that of the target which sends back what it was sent.
    found += [(place, BODY) for place in ("Valkey", "the stream", "the logs") if BODY in places[place]]
    assert not found


class Told:
    """What the submit and the stream said."""

    def __init__(self, batch_id: str, stream: str, ids: list[str]) -> None:
        self.batch_id, self.stream, self.ids = batch_id, stream, ids


def _submit_and_watch(site: Site, target: Target) -> Told:
    given = {
        "urls": [target.url(path) for path in PATHS],
        "method": "POST",
        "headers": HEADERS,
        "body": json.dumps({"key": BODY}),
        "max_attempts": 2,
        "initial_interval": "100ms",
    }
    programs = requests.Session()
    programs.headers.update(site.bearer)
    with programs.get(f"{site}/api/v1/events", stream=True, timeout=30) as stream:
        batch = programs.post(f"{site}/api/v1/batches", json=given, timeout=30).json()
        lines = _until_all_ended(stream, len(PATHS))
    listed = programs.get(f"{site}/api/v1/scans", params={"batch": batch["id"]}, timeout=30).json()
    return Told(batch["id"], lines, [scan["id"] for scan in listed["items"]])


def _until_all_ended(stream: requests.Response, count: int) -> str:
    ended: set[str] = set()
    lines: list[str] = []
    deadline = time.monotonic() + 60
    for line in stream.iter_lines(chunk_size=1, decode_unicode=True):
        lines.append(line)
        if line.startswith('data: {"id"') and json.loads(line[6:])["finished_at"]:
            ended.add(json.loads(line[6:])["id"])
        if len(ended) == count:
            return "\n".join(lines)
        assert time.monotonic() < deadline, "\n".join(lines)
    raise AssertionError("the stream ended")


def _all_pages(site: Site, told: Told) -> str:
    person = requests.Session()
    person.get(site.login_link, timeout=30)
    paths = ["/", "/workers", f"/batches/{told.batch_id}", "/?q=canary", "/nowhere"]
    paths += [f"/batches/{told.batch_id}/scans.csv", f"/batches/{told.batch_id}/scans.ndjson"]
    for scan_id in told.ids:
        paths += [f"/scans/{scan_id}", f"/scans/{scan_id}/answer", f"/api/v1/scans/{scan_id}/answer"]
        paths += [f"/api/v1/scans/{scan_id}"]
    answers = [person.get(f"{site}{path}", timeout=30) for path in paths]
    assert all(answer.status_code in (200, 404) for answer in answers)
    # What a person searches for is their own.
    return "\n".join(answer.text for answer in answers)


def _dump(database_url: str) -> str:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        rows = [row for table in tables for row in connection.execute(text(f'SELECT * FROM "{table}"'))]
    engine.dispose()
    assert any("/echo" in str(row) for row in rows)
    return "\n".join(map(str, rows))
