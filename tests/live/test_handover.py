"""Real web servers give the connections of their live pages away, or say why they cannot."""

import http.client
import signal
import socket
import ssl
import time
import uuid
from pathlib import Path

import pytest
import redis
import trustme

from tests.live.browser import PATIENCE_SECONDS, Browser, visit
from tests.live.crowd import Crowd
from tests.live.news import a_change, tell
from tests.live.servers import gunicorn, sidecar
from tests.valkey_server import ValkeyServer

EVENTS = "/api/v1/events"
SCAN = uuid.UUID(int=7)
MANY = 500


def an_open_page(port: int, query: str = "") -> Browser:
    response, browser = visit(port, query)
    assert response.status == 200
    browser.wait_for("open")
    return browser


def test_hundreds_of_pages_are_right_again_soon_after_redis_was_away(tmp_path: Path, valkey: ValkeyServer) -> None:
    with gunicorn(tmp_path, valkey.url) as (_, port), Crowd(port, MANY) as crowd:
        crowd.wait_for_all(b"event: open")

        valkey.kill()
        crowd.wait_for_all(b"event: lost")
        valkey.start()
        back = time.monotonic()
        crowd.wait_for_all(b"event: resync")

        assert time.monotonic() - back < 5
        tell(valkey.client(), a_change(SCAN, revision=2))
        crowd.wait_for_all(b'"revision":2')


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_is_told_to_stop_says_so_to_hundreds_within_a_second(
    tmp_path: Path, redis_url: str, end: signal.Signals
) -> None:
    with gunicorn(tmp_path, redis_url) as (process, port), Crowd(port, MANY) as crowd:
        crowd.wait_for_all(b"event: open")

        asked = time.monotonic()
        process.signal(end)
        crowd.wait_for_all(b"event: bye")

        assert time.monotonic() - asked < 1
        assert process.wait(timeout=5) == 0


def test_pages_of_two_web_processes_hear_the_same_news(tmp_path: Path, redis_url: str, news: redis.Redis) -> None:
    with gunicorn(tmp_path, redis_url, "--workers", "2") as (_, port):
        browsers = [an_open_page(port) for _ in range(20)]
        epochs = {browser.wait_for("open").data["epoch"] for browser in browsers}
        while len(epochs) < 2:
            browsers.append(an_open_page(port))
            epochs.add(browsers[-1].wait_for("open").data["epoch"])

        tell(news, a_change(SCAN, revision=4))

        for browser in browsers:
            browser.wait_for_scan(str(SCAN), 4)
            browser.hang_up()


def test_a_connection_that_served_other_requests_before_can_be_given_away(
    tmp_path: Path, redis_url: str, news: redis.Redis
) -> None:
    with gunicorn(tmp_path, redis_url) as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        for _ in range(2):
            connection.request("GET", f"{EVENTS}?scan=nonsense")
            assert connection.getresponse().read()
        connection.request("GET", EVENTS)
        response = connection.getresponse()
        browser = Browser(response)
        browser.wait_for("open")

        tell(news, a_change(SCAN))

        browser.wait_for_scan(str(SCAN))
        assert response.status == 200
        assert "rror" not in process.output


def test_streams_hold_no_thread_and_no_connection_of_the_server(tmp_path: Path, redis_url: str) -> None:
    limits = ["--threads", "2", "--worker-connections", "8"]
    with gunicorn(tmp_path, redis_url, *limits) as (_, port), Crowd(port, 100) as crowd:
        crowd.wait_for_all(b"event: open")

        assert visit(port, "?scan=nonsense")[0].status == 400


def test_the_access_log_has_a_line_for_each_stream(tmp_path: Path, redis_url: str) -> None:
    with gunicorn(tmp_path, redis_url, "--access-logfile", "-") as (process, port):
        an_open_page(port, f"?scan={SCAN}")

        process.wait_for(f'"GET {EVENTS}?scan={SCAN} HTTP/1.1" 200 - "-" "-"')


def test_behind_tls_each_stream_holds_a_thread_and_the_log_says_so_once(
    tmp_path: Path, redis_url: str, news: redis.Redis
) -> None:
    authority = trustme.CA()
    pem = tmp_path / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(pem)
    options = ["--certfile", str(pem), "--keyfile", str(pem), "--threads", "6"]
    with gunicorn(tmp_path, redis_url, *options) as (process, port):
        context = ssl.create_default_context()
        authority.configure_trust(context)
        browsers = []
        for _ in range(2):
            connection = http.client.HTTPSConnection("localhost", port, timeout=PATIENCE_SECONDS, context=context)
            connection.request("GET", EVENTS)
            browsers.append(Browser(connection.getresponse()))

        for browser in browsers:
            browser.wait_for("open")
        tell(news, a_change(SCAN))
        for browser in browsers:
            browser.wait_for_scan(str(SCAN))

        process.wait_for("each stream holds a thread")
        assert process.output.count("each stream holds a thread") == 1
        connection = http.client.HTTPSConnection("localhost", port, timeout=PATIENCE_SECONDS, context=context)
        connection.request("GET", EVENTS)
        assert connection.getresponse().status == 503


def test_under_gevent_each_stream_is_a_greenlet_over_the_same_hub(
    tmp_path: Path, redis_url: str, news: redis.Redis
) -> None:
    with gunicorn(tmp_path, redis_url, "--worker-class", "gevent") as (process, port):
        browsers = [an_open_page(port) for _ in range(10)]

        tell(news, a_change(SCAN))
        for browser in browsers:
            browser.wait_for_scan(str(SCAN))

        process.wait_for("sockets are patched")
        process.signal(signal.SIGTERM)
        for browser in browsers:
            browser.wait_for("bye")
        assert process.wait(timeout=10) == 0


def test_a_sidecar_serves_the_streams_of_web_processes_and_outlives_them(
    tmp_path: Path, redis_url: str, news: redis.Redis
) -> None:
    with sidecar(tmp_path, redis_url) as (own, path):
        with gunicorn(tmp_path, redis_url, "--workers", "2", sidecar=path) as (_, port):
            browsers = [an_open_page(port, f"?ids={SCAN}&counts=all") for _ in range(10)]
            assert len({browser.wait_for("open").data["epoch"] for browser in browsers}) == 1

        tell(news, a_change(SCAN))
        for browser in browsers:
            browser.wait_for_scan(str(SCAN))
            assert sum(browser.wait_for("counts").data["counts"].values()) == 0
        own.signal(signal.SIGTERM)

        for browser in browsers:
            browser.wait_for("bye")
        assert own.wait(timeout=5) == 0


def test_without_its_sidecar_a_page_is_told_to_come_back_and_it_does(tmp_path: Path, redis_url: str) -> None:
    path = tmp_path / "hub.sock"
    with gunicorn(tmp_path, redis_url, sidecar=path) as (process, port):
        response, _ = visit(port)
        assert (response.status, response.headers["Retry-After"]) == (503, "5")
        process.wait_for("no sidecar serves streams")

        for _ in range(2):
            with sidecar(tmp_path, redis_url):
                an_open_page(port)
            assert visit(port)[0].status == 503


def test_a_sidecar_that_is_full_refuses_as_web_would(tmp_path: Path, redis_url: str) -> None:
    with sidecar(tmp_path, redis_url, MAX_STREAMS="1") as (_, path):
        with gunicorn(tmp_path, redis_url, sidecar=path) as (_, port):
            an_open_page(port)

            response, _ = visit(port)

            assert (response.status, response.headers["Retry-After"]) == (503, "5")
            assert response.headers["Content-Type"] == "application/problem+json"


def test_a_sidecar_bears_with_nonsense(tmp_path: Path, redis_url: str) -> None:
    with sidecar(tmp_path, redis_url) as (own, path):
        server, client = socket.socketpair()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as web:
            web.connect(str(path))
            for message in (b"nonsense", b"{}", b"[1]", b'{"scan_ids": 5}'):
                socket.send_fds(web, [message], [server.fileno()])
            web.send(b"no connection")
        server.close()
        assert client.recv(1) == b""

        with gunicorn(tmp_path, redis_url, sidecar=path) as (_, port):
            an_open_page(port)
        assert own.is_running
