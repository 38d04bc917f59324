import http.client
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask, has_app_context

from tests.live.browser import PATIENCE_SECONDS, Browser, visit
from tests.live.news import a_change, tell
from tests.live.servers import gunicorn
from tests.live.streaming_app import MAX_STREAMS, create_app
from webapp.database import db
from webapp.live.hub import get_hub

SCAN = uuid.UUID(int=7)
EVENTS = "/api/v1/events"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[int]:
    """Of a gunicorn that the tests of this file share."""
    with gunicorn(tmp_path_factory.mktemp("web"), redis_url) as (_, port):
        yield port


@pytest.fixture
def streaming(tmp_path: Path, redis_url: str) -> Iterator[Flask]:
    """The app in this process."""
    app = create_app(f"sqlite:///{tmp_path / 'db.sqlite3'}", redis_url)
    yield app
    get_hub(app).close()
    with app.app_context():
        db.engine.dispose()


def an_open_page(port: int, query: str = "") -> Browser:
    _, browser = visit(port, query)
    browser.wait_for("open")
    return browser


def test_the_answer_is_a_stream_that_nothing_on_its_way_may_keep(port: int) -> None:
    response, browser = visit(port)

    assert response.status == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    browser.hang_up()


def test_what_was_published_arrives_in_the_browser(port: int, news: redis.Redis) -> None:
    browser = an_open_page(port, f"?scan={SCAN}")

    tell(news, a_change(uuid.uuid4()), a_change(SCAN, revision=3))

    browser.wait_for_scan(str(SCAN), 3)
    assert len(browser.named("scan")) == 1
    browser.hang_up()


def test_the_first_bytes_come_though_redis_is_away(tmp_path: Path) -> None:
    with gunicorn(tmp_path, f"unix://{tmp_path / 'nowhere.sock'}") as (_, port):
        response, browser = visit(port)

        assert response.status == 200
        assert browser.wait_for("comment").retry is not None
        assert not browser.named("open")


def test_counts_come_from_the_database(port: int) -> None:
    browser = an_open_page(port, f"?batch={SCAN}")

    counts = browser.wait_for("counts").data

    assert counts["batch_id"] == str(SCAN)
    assert set(counts["counts"].values()) == {0}
    browser.hang_up()


def test_one_stream_carries_the_scans_and_the_counts_of_several_pages(port: int, news: redis.Redis) -> None:
    shown, other = uuid.uuid4(), uuid.uuid4()
    browser = an_open_page(port, f"?ids={shown.hex},{SCAN.hex}&counts=all,{SCAN}")
    browser.wait_for("counts", 2)

    tell(news, a_change(other, batch_id=SCAN), a_change(shown, revision=2))

    browser.wait_for_scan(str(shown), 2)
    assert [event.data["id"] for event in browser.named("scan")] == [str(shown)]
    browser.wait_for("counts", 4)
    assert [event.data["batch_id"] for event in browser.named("counts")].count(str(SCAN)) == 2
    browser.hang_up()


def test_an_empty_list_hears_of_its_counts_alone(port: int, news: redis.Redis) -> None:
    browser = an_open_page(port, "?ids=&counts=all")
    browser.wait_for("counts")

    tell(news, a_change(SCAN))

    browser.wait_for("counts", 2)
    assert not browser.named("scan")
    browser.hang_up()


def test_a_browser_that_went_away_frees_its_place_at_once(port: int) -> None:
    browsers = [an_open_page(port) for _ in range(MAX_STREAMS)]
    response, _ = visit(port)
    assert response.status == 503
    assert response.headers["Retry-After"] == "5"
    assert response.headers["Content-Type"] == "application/problem+json"

    browsers.pop().hang_up()

    deadline = time.monotonic() + PATIENCE_SECONDS
    while visit(port)[0].status != 200:
        assert time.monotonic() < deadline, "its place was not freed"
    for browser in browsers:
        browser.hang_up()


def test_a_browser_that_does_not_read_holds_up_neither_the_others_nor_the_end(
    tmp_path: Path, redis_url: str, news: redis.Redis
) -> None:
    with gunicorn(tmp_path, redis_url) as (process, port), socket.create_connection(("127.0.0.1", port)) as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.sendall(f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert silent.recv(1) == b"H"
        browser = an_open_page(port)

        for number in range(20):
            tell(news, *(a_change(error="x" * 2000) for _ in range(100)))
            last = a_change(uuid.UUID(int=number))
            tell(news, last)
            browser.wait_for_scan(str(last.id))
        process.signal(signal.SIGTERM)

        assert process.wait(timeout=5) == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("scan=", "scan"),
        ("scan=7", "scan"),
        ("batch=nonsense", "batch"),
        ("ids=", "ids"),
        (f"ids={SCAN},", "ids"),
        (f"ids={SCAN},%0Aevent:", "ids"),
        ("ids=" + ",".join([str(SCAN)] * 201), "ids"),
        (f"scan={SCAN}&batch={SCAN}", "batch"),
        ("counts=", "counts"),
        ("counts=all,nonsense", "counts"),
        ("counts=" + ",".join([str(SCAN)] * 21), "counts"),
        (f"scan={SCAN}&scan={SCAN}x&ids={SCAN}", "ids"),
    ],
)
def test_a_stream_of_what_cannot_be_is_refused_with_the_field_and_the_cure(
    streaming: Flask, query: str, field: str
) -> None:
    response = streaming.test_client().get(f"{EVENTS}?{query}")

    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    assert response.json is not None
    assert response.json["field"] == field
    assert response.json["cure"]
    assert get_hub(streaming).open_streams == 0


def test_an_open_stream_holds_neither_the_context_nor_a_connection_to_the_database(streaming: Flask) -> None:
    response = streaming.test_client().get(EVENTS, buffered=False)
    chunks = iter(response.response)
    received = b""

    while b"event: counts" not in received:
        chunk = next(chunks)
        assert isinstance(chunk, bytes)
        received += chunk

    assert not has_app_context()
    with streaming.app_context():
        pool = db.engine.pool
    deadline = time.monotonic() + PATIENCE_SECONDS
    while pool.checkedout():  # type: ignore[attr-defined]
        assert time.monotonic() < deadline, "a connection is held"
    response.close()


def test_a_stream_that_was_never_read_frees_its_place(streaming: Flask) -> None:
    streaming.test_client().get(EVENTS, buffered=False).close()

    assert get_hub(streaming).open_streams == 0


def test_a_request_for_the_head_alone_takes_no_place(port: int, streaming: Flask) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.request("HEAD", EVENTS)
    assert connection.getresponse().read() == b""

    with streaming.test_client() as client:
        client.head(EVENTS).close()
    assert get_hub(streaming).open_streams == 0
