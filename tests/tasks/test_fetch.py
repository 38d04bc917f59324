"""One exchange with a scripted target: whatever it does, the result tells, and nothing is raised."""

import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from tasks.failures import FetchFailed
from tasks.fetch import PRODUCT
from tasks.guard import Guard
from tests.fetching import fetch
from tests.reach import LOOPBACK
from tests.target import Target
from webapp.scans.exchange import MISSING, Exchange, Failure, Request, Timeouts
from webapp.scans.states import ErrorCode, Outcome


def got(target: Target, path: str, *, timeout: float | Timeouts = 5, **request: object) -> Exchange:
    return fetch(Request(method="GET", url=target.url(path), **request), timeout=timeout)  # type: ignore[arg-type]


def failed(exchange: Exchange) -> tuple[Outcome, ErrorCode]:
    assert exchange.failure is not None and exchange.failure.message.endswith(".")
    return exchange.failure.outcome, exchange.failure.code


def test_a_good_answer_is_told_whole(target: Target) -> None:
    exchange = got(target, "/ok")

    assert (exchange.status, exchange.reason, exchange.content_type) == (200, "OK", "application/json")
    assert exchange.json == {"success": True, "rows": 1834}
    assert exchange.failure is None and not exchange.is_truncated
    assert ("Content-Type", "application/json") in exchange.headers


def test_the_phases_are_timed_in_milliseconds(target: Target) -> None:
    phases = got(target, "/slow?seconds=0.2").phases

    assert set(phases) == {"dns", "connect", "first_byte", "body"}
    assert 190 < phases["first_byte"] < 2000
    assert all(ms >= 0 for ms in phases.values())


def test_method_headers_and_body_reach_the_target(target: Target) -> None:
    request = Request("POST", target.url("/echo"), {"X-Token": "s3cret", "Content-Type": "text/plain"}, b"hello")

    exchange = fetch(request, timeout=5)

    assert exchange.json["method"] == "POST" and exchange.json["body"] == "hello"
    assert exchange.json["headers"]["X-Token"] == "s3cret"
    assert exchange.json["headers"]["User-Agent"] == PRODUCT
    assert exchange.json["headers"]["Accept-Encoding"] == "gzip"


def test_a_user_agent_of_the_persons_own_comes_before_ours(target: Target) -> None:
    exchange = got(target, "/echo", headers={"User-Agent": "mine/1"})

    assert exchange.json["headers"]["User-Agent"] == f"mine/1 {PRODUCT}"


@pytest.mark.parametrize("path", ["/hang", "/drip", "/drip-headers"])
def test_the_deadline_holds_whatever_drips(target: Target, path: str) -> None:
    started = time.monotonic()

    exchange = got(target, path, timeout=0.4)

    assert failed(exchange) == (Outcome.TIMED_OUT, ErrorCode.TIMEOUT)
    assert time.monotonic() - started < 1.5


def test_the_deadline_covers_redirects_together(target: Target) -> None:
    slow = target.url("/slow?seconds=0.3")

    exchange = got(target, f"/redirect-to?url={target.url('/redirect-to?url=' + slow)}", timeout=0.25)

    assert failed(exchange) == (Outcome.TIMED_OUT, ErrorCode.TIMEOUT)


@pytest.fixture
def deaf_url() -> Iterator[str]:
    """A listener whose queue is full: nobody's connection is ever made."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}/"
        for one in waiting:
            one.close()


def test_a_host_that_does_not_accept_ends_at_the_deadline(deaf_url: str) -> None:
    exchange = fetch(Request("GET", deaf_url), timeout=0.3)

    assert failed(exchange) == (Outcome.TIMED_OUT, ErrorCode.TIMEOUT)


def test_a_connection_has_a_limit_of_its_own(deaf_url: str, target: Target) -> None:
    limits = Timeouts(total=30, connect=0.2)

    refused, slow = fetch(Request("GET", deaf_url), timeout=limits), got(target, "/slow?seconds=0.4", timeout=limits)

    assert refused.failure is not None and refused.failure.message == "No connection within 0.2 s."
    assert failed(refused) == (Outcome.TIMED_OUT, ErrorCode.TIMEOUT)
    assert slow.failure is None and slow.status == 200


def test_a_silence_has_a_limit_of_its_own_and_what_drips_is_no_silence(target: Target) -> None:
    silent = got(target, "/hang", timeout=Timeouts(total=30, read=0.2))
    dripping = got(target, "/drip", timeout=Timeouts(total=0.5, read=0.3))

    assert silent.failure is not None and silent.failure.message == "The server said nothing for 0.2 s."
    assert failed(silent) == (Outcome.TIMED_OUT, ErrorCode.TIMEOUT)
    assert dripping.failure is not None and dripping.failure.message == "No whole answer within 0.5 s."


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/reset", ErrorCode.CONNECTION_RESET),
        ("/close", ErrorCode.SOCKET_CLOSED),
        ("/cut", ErrorCode.SOCKET_CLOSED),
        ("/garbage", ErrorCode.BAD_RESPONSE),
        ("/not-gzip", ErrorCode.BAD_RESPONSE),
        ("/encoded/br", ErrorCode.BAD_RESPONSE),
        ("/endless-headers", ErrorCode.BAD_RESPONSE),
        ("/early-hints", ErrorCode.BAD_RESPONSE),
    ],
)
def test_what_is_no_answer_is_named(target: Target, path: str, code: ErrorCode) -> None:
    assert failed(got(target, path)) == (Outcome.NETWORK_ERROR, code)


def test_what_is_known_of_an_answer_that_was_cut_off_is_told(target: Target) -> None:
    exchange = got(target, "/cut")

    assert (exchange.status, exchange.content_type) == (200, "application/json")


def test_a_closed_port_refuses() -> None:
    exchange = fetch(Request("GET", "http://127.0.0.1:9/"), timeout=2)

    assert failed(exchange) == (Outcome.NETWORK_ERROR, ErrorCode.CONNECTION_REFUSED)
    assert exchange.failure is not None and "127.0.0.1:9" in exchange.failure.message


def test_a_name_that_does_not_exist_is_not_found() -> None:
    exchange = fetch(Request("GET", "http://no-such-host.invalid/"), timeout=5)

    assert failed(exchange) == (Outcome.NETWORK_ERROR, ErrorCode.DNS_LOOKUP_FAILED)


@pytest.mark.parametrize("url", ["ftp://target.example/", "http://", "http://a b/", "http://user:pw@host/", "//x"])
def test_a_url_that_cannot_be_asked_is_refused_for_good(url: str) -> None:
    exchange = fetch(Request("GET", url), timeout=1)

    assert failed(exchange) == (Outcome.REFUSED, ErrorCode.INVALID_URL)
    assert exchange.failure is not None and exchange.failure.is_permanent


def test_a_header_that_cannot_be_sent_is_refused_without_its_value(target: Target) -> None:
    exchange = got(target, "/ok", headers={"X-Secret": "canary\r\nX-Other: 1"})

    assert exchange.failure is not None and exchange.failure.is_permanent
    assert exchange.failure.outcome is Outcome.REFUSED and "canary" not in exchange.failure.message
    assert target.hits("/ok") == 0


@pytest.mark.parametrize("name", ["Host", "Transfer-Encoding", "X-Forwarded-For", "Metadata-Flavor", "Accept-Encoding"])
def test_a_header_that_is_not_a_persons_to_set_is_refused(target: Target, name: str) -> None:
    exchange = got(target, "/ok", headers={name: "canary"})

    assert failed(exchange) == (Outcome.REFUSED, ErrorCode.INVALID_REQUEST)
    assert target.hits("/ok") == 0


def test_a_huge_body_is_cut_and_marked(target: Target) -> None:
    exchange = fetch(Request("GET", target.url("/huge?mb=2")), timeout=5, max_bytes=100_000)

    assert len(exchange.body) == 100_000 and exchange.is_truncated and exchange.failure is None
    assert exchange.json is MISSING


def test_an_endless_body_ends_at_the_cap(target: Target) -> None:
    exchange = fetch(Request("GET", target.url("/endless")), timeout=5, max_bytes=1_000_000)

    assert len(exchange.body) == 1_000_000 and exchange.is_truncated


def test_a_body_of_just_the_cap_is_whole(target: Target) -> None:
    exchange = fetch(Request("GET", target.url("/huge?mb=1")), timeout=5, max_bytes=1024 * 1024)

    assert len(exchange.body) == 1024 * 1024 and not exchange.is_truncated


def test_gzip_is_unpacked(target: Target) -> None:
    assert got(target, "/gzip").json == {"success": True, "rows": 1834}


def test_a_bomb_costs_no_more_than_the_cap(target: Target) -> None:
    tracemalloc.start()
    exchange = got(target, "/bomb")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert exchange.is_truncated and len(exchange.body) == 5 * 1024 * 1024
    assert peak < 16 * 1024 * 1024


def test_chunks_are_joined(target: Target) -> None:
    assert got(target, "/chunked").json == {"success": True, "rows": 1834}


def test_redirects_are_followed_by_hand(target: Target) -> None:
    exchange = got(target, "/redirect?n=5")

    assert exchange.status == 200 and exchange.url == target.url("/echo")
    assert len(exchange.redirects) == 5


def test_each_redirect_is_told_before_it_is_followed_and_may_be_refused(target: Target) -> None:
    told = []

    def on_redirect(url: str, check: Callable[[], object]) -> None:
        told.append(url)
        check()
        if len(told) == 2:
            raise FetchFailed(Failure(Outcome.REFUSED, ErrorCode.HOST_BUSY, "Not now.", retry_after=7))

    exchange = fetch(Request("GET", target.url("/redirect?n=5&told")), timeout=5, on_redirect=on_redirect)

    assert told == [target.url("/redirect?n=4"), target.url("/redirect?n=3")] == list(exchange.redirects)
    assert failed(exchange) == (Outcome.REFUSED, ErrorCode.HOST_BUSY) and exchange.url == told[-1]


def test_one_redirect_too_many_is_an_error(target: Target) -> None:
    exchange = got(target, "/redirect?n=6")

    assert failed(exchange) == (Outcome.NETWORK_ERROR, ErrorCode.TOO_MANY_REDIRECTS)


def test_cookies_are_not_kept_from_one_hop_to_the_next(target: Target) -> None:
    assert "Cookie" not in got(target, "/redirect?n=2").json["headers"]


def test_headers_stay_with_their_origin(target: Target) -> None:
    other = Target()
    try:
        same = got(target, "/redirect?n=1", headers={"X-Token": "canary"})
        across = got(target, f"/redirect-to?url={other.url('/echo')}", headers={"X-Token": "canary"})
        back_url = target.url("/echo")
        back = got(target, f"/redirect-to?url={other.url('/redirect-to?url=' + back_url)}", headers={"X-Token": "c"})
    finally:
        other.stop()

    assert same.json["headers"]["X-Token"] == "canary"
    assert "X-Token" not in across.json["headers"]
    assert "X-Token" not in back.json["headers"]


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        ("301", "POST", "GET"),
        ("302", "POST", "GET"),
        ("303", "PUT", "GET"),
        ("307", "POST", "POST"),
        ("308", "PUT", "PUT"),
        ("302", "PUT", "PUT"),
    ],
)
def test_a_redirect_changes_the_method_as_browsers_do(target: Target, status: str, method: str, expected: str) -> None:
    request = Request(method, target.url(f"/redirect?n=1&status={status}"), {"Content-Type": "text/plain"}, b"body")

    exchange = fetch(request, timeout=5)

    assert exchange.json["method"] == expected
    assert exchange.json["body"] == ("" if expected == "GET" else "body")


@pytest.mark.parametrize("url", ["ftp://elsewhere/", "file:///etc/passwd", "http://u:p@127.0.0.1/"])
def test_a_redirect_to_what_cannot_be_asked_is_refused(target: Target, url: str) -> None:
    assert failed(got(target, f"/redirect-to?url={url}")) == (Outcome.REFUSED, ErrorCode.INVALID_URL)


def test_the_environment_has_no_say(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert got(target, "/ok").status == 200


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("null", None),
        ("[1, 2]", [1, 2]),
        ('"text"', "text"),
        ("NaN", MISSING),
        ('{"a": Infinity}', MISSING),
        ("[" * 200_000, MISSING),
        ("{", MISSING),
    ],
)
def test_json_is_read_strictly(target: Target, body: str, value: object) -> None:
    assert fetch(Request("POST", target.url("/json"), body=body.encode()), timeout=5).json == value


def test_a_head_request_has_no_body(target: Target) -> None:
    exchange = fetch(Request("HEAD", target.url("/ok")), timeout=5)

    assert (exchange.status, exchange.body, exchange.failure) == (200, b"", None)


class _Ok(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_server(certificate: trustme.LeafCert) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Ok)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path) -> Guard:
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    return Guard(replace(LOOPBACK, ca_bundle=bundle))


@pytest.fixture(params=["localhost", "other.example"])
def certified(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[tuple[str, int]]:
    server = tls_server(authority.issue_cert(request.param))
    yield request.param, server.server_address[1]
    server.shutdown()
    server.server_close()


def test_a_certificate_counts_for_its_name_alone(certified: tuple[str, int], trusting: Guard) -> None:
    name, port = certified

    exchange = fetch(Request("GET", f"https://localhost:{port}/"), timeout=5, guard=trusting)

    if name == "localhost":
        assert exchange.status == 200 and exchange.phases["tls"] > 0
    else:
        assert failed(exchange) == (Outcome.NETWORK_ERROR, ErrorCode.SSL_WRONG_HOST)
        assert exchange.failure is not None and exchange.failure.is_permanent


def test_an_authority_that_nobody_knows_is_not_trusted(certified: tuple[str, int]) -> None:
    exchange = fetch(Request("GET", f"https://localhost:{certified[1]}/"), timeout=5)

    assert exchange.failure is not None and exchange.failure.is_permanent
    assert exchange.failure.code in (ErrorCode.SSL_ERROR, ErrorCode.SELF_SIGNED_CERT)


def test_https_to_a_plain_port_is_told(target: Target) -> None:
    exchange = fetch(Request("GET", target.url("/ok").replace("http:", "https:")), timeout=5)

    assert failed(exchange)[1] in (ErrorCode.SSL_ERROR, ErrorCode.SOCKET_CLOSED)
