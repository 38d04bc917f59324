"""Answers that no honest server gives: none may pass for good, end a scan that could go on, or break what stores it."""

import datetime as dt
import gzip
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.guard import Guard
from tests.factories import a_claim, a_scan, row, settle
from tests.fetching import fetch
from tests.target import Target
from tests.tasks.test_fetch import authority, tls_server, trusting
from webapp.scans.exchange import Exchange, Request
from webapp.scans.rules import Decision, judge
from webapp.scans.states import ErrorCode, Outcome, State

__all__ = ["authority", "trusting"]

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = OK + b"Content-Encoding: gzip\r\n"


def answered(target: Target, answer: bytes, *, method: str = "GET", **limits: Any) -> Exchange:
    return fetch(Request(method, target.say(answer)), timeout=5, **limits)


def code(exchange: Exchange) -> ErrorCode | None:
    """Of a failure that a retry may mend; None if there is no failure."""
    assert exchange.failure is None or not exchange.failure.is_permanent, exchange.failure
    return exchange.failure and exchange.failure.code


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK",
        OK,
        OK + b"Content-Ty",
        OK + b"Content-Type: text/plain\r\n",
        b"HTTP/1.1 200 OK\rX: y\r\r",
    ],
)
def test_headers_without_an_end_are_not_an_answer_without_a_body(target: Target, answer: bytes) -> None:
    assert code(answered(target, answer)) is ErrorCode.SOCKET_CLOSED


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"50\r\nhello", ErrorCode.SOCKET_CLOSED),
        (b"5\r\nhello\r\n", ErrorCode.SOCKET_CLOSED),
        (b"zz\r\nhello\r\n0\r\n\r\n", ErrorCode.BAD_RESPONSE),
        (b"-5\r\nhello\r\n0\r\n\r\n", ErrorCode.BAD_RESPONSE),
    ],
)
def test_a_chunked_body_without_its_end_is_told_from_one_without_sense(
    target: Target, body: bytes, expected: ErrorCode
) -> None:
    assert code(answered(target, CHUNKED + body)) is expected


ZIPPED = gzip.compress(b'{"success": true}')
WHOLE_ANSWERS = {
    "length": OK + b"Content-Type: application/json\r\nContent-Length: 17\r\n\r\n" + b'{"success": true}',
    "chunks": CHUNKED + b'9\r\n{"success\r\n8;x=y\r\n": true}\r\n0\r\nX: y\r\n\r\n',
    "gzip": GZIP + b"\r\n" + ZIPPED,
    "gzip of a length": GZIP + b"Content-Length: %d\r\n\r\n" % len(ZIPPED) + ZIPPED,
    "gzip in chunks": GZIP + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(ZIPPED), ZIPPED),
    "after a redirect": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 17\r\n\r\n" + b'{"success": true}',
}


@pytest.mark.parametrize("name", WHOLE_ANSWERS)
def test_an_answer_that_is_cut_at_any_byte_is_not_an_answer(target: Target, name: str) -> None:
    answer = WHOLE_ANSWERS[name]
    # The trailers and what ends them say nothing any more.
    end = len(answer) - (10 if name == "chunks" else 4 if name == "gzip in chunks" else 0)
    urls = [target.say(answer[:length], path=f"/raw/{length}") for length in range(end)]

    with ThreadPoolExecutor(8) as pool:
        exchanges = list(pool.map(lambda url: fetch(Request("GET", url), timeout=20), urls))

    assert answered(target, answer).json == {"success": True}
    codes = [exchange.failure and exchange.failure.code for exchange in exchanges]
    assert set(codes) <= {ErrorCode.SOCKET_CLOSED, ErrorCode.BAD_RESPONSE}, [*enumerate(codes)]


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 500",
        "Content-Length: 99999999999999999999999999",
        "Content-Length: 5, 6",
        "Content-Length: 0\r\nContent-Length: 5",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: identity, chunked",
    ],
)
def test_a_length_that_lies_makes_no_good_answer(target: Target, headers: str) -> None:
    exchange = answered(target, OK + headers.encode() + b"\r\n\r\nhello")

    assert exchange.failure is not None and exchange.failure.code in (ErrorCode.BAD_RESPONSE, ErrorCode.SOCKET_CLOSED)


@pytest.mark.parametrize("headers", ["Content-Length: 5", "Content-Length: 5\r\nContent-Length: 5", "", "X: y"])
def test_what_comes_after_the_end_is_no_part_of_the_answer(target: Target, headers: str) -> None:
    words = b"hello" if not headers.startswith("C") else b"helloHTTP/1.1 200 OK\r\n\r\nsmuggled"
    exchange = answered(target, OK + headers.encode() + (b"\r\n" if headers else b"") + b"\r\n" + words)

    assert (exchange.body, exchange.failure) == (b"hello", None)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        OK + b"".join(b"X-%d: 1\r\n" % number for number in range(101)) + b"\r\n",
        b"HTTP/1.1 099 Odd\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"<html>no headers at all</html>",
        b"HTTP/1.1 503 Busy\r\nContent-Encoding: br\r\n\r\nxxx",
    ],
)
def test_what_makes_no_sense_today_may_make_sense_tomorrow(target: Target, answer: bytes) -> None:
    assert code(answered(target, answer)) is ErrorCode.BAD_RESPONSE


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", GZIP + b"Content-Length: 40\r\n\r\n"),
        ("GET", GZIP + b"Content-Length: 0\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n"),
    ],
)
def test_no_body_needs_no_unpacking(target: Target, method: str, answer: bytes) -> None:
    exchange = answered(target, answer, method=method)

    assert (exchange.failure, exchange.body) == (None, b"")


def test_a_body_of_several_gzip_members_is_whole(target: Target) -> None:
    members = gzip.compress(b"first, ") + gzip.compress(b"second")

    assert answered(target, GZIP + b"\r\n" + members).body == b"first, second"


def test_padding_behind_gzip_is_no_part_of_the_body(target: Target) -> None:
    assert answered(target, GZIP + b"\r\n" + gzip.compress(b"all") + b"\0" * 512).body == b"all"


def test_gzip_that_breaks_off_is_not_an_answer(target: Target) -> None:
    assert code(answered(target, GZIP + b"\r\n" + gzip.compress(b"x" * 1000)[:-8])) is ErrorCode.SOCKET_CLOSED


def test_gzip_in_a_million_pieces_is_given_up(target: Target) -> None:
    exchange = answered(target, GZIP + b"\r\n" + gzip.compress(b"") * 20_000)

    assert code(exchange) is ErrorCode.BAD_RESPONSE


def test_chunks_of_one_byte_are_cut_at_the_cap_of_the_wire(target: Target) -> None:
    exchange = answered(target, CHUNKED + b"1\r\na\r\n" * 250_000 + b"0\r\n\r\n", max_bytes=200_000)

    assert exchange.is_truncated and exchange.failure is None
    assert 100_000 < len(exchange.body) <= 200_000 and set(exchange.body) == {ord("a")}


def test_a_flood_of_provisional_answers_ends_at_the_cap_of_the_wire(target: Target) -> None:
    exchange = answered(target, b"HTTP/1.1 100 Continue\r\n\r\n" * 60_000, max_bytes=1)

    assert code(exchange) is ErrorCode.BAD_RESPONSE


@pytest.mark.parametrize(
    ("location", "path"),
    [(b"/raw-a b|c", "/raw-a%20b%7Cc"), (b"/raw-caf\xc3\xa9", "/raw-caf%C3%A9"), (b"/raw-\xe9", "/raw-%C3%A9")],
)
def test_a_redirect_that_is_not_quite_encoded_is_followed(target: Target, location: bytes, path: str) -> None:
    target.say(OK + b"\r\nhere", path=path)
    url = target.say(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n\r\n")

    exchange = fetch(Request("GET", url), timeout=5)

    assert target.requests[-1].path == path
    assert exchange.failure is None


def test_a_redirect_to_no_url_is_the_servers_fault(target: Target) -> None:
    exchange = answered(target, b"HTTP/1.1 302 Found\r\nLocation: http://[::1/\r\n\r\n")

    assert exchange.failure is not None and exchange.failure.message.startswith("The server redirects to an address")


HOSTILE_WORDS = [
    b"HTTP/1.1 503 Bad\0Thing\x1b[31m\r\n\r\n",
    OK + b"Content-Type: text/\0plain\r\nX-A: b\0c\x9b\r\n\r\nbody",
    OK + b'Content-Type: application/json\r\n\r\n{"success": "\\ud800"}',
    OK + b'Content-Type: application/json\r\n\r\n{"success": "\\u0000\\u202e"}',
    OK + b'Content-Type: application/json\r\n\r\n{"success": ' + b"[" * 900 + b"]" * 900 + b"}",
    OK + b"Content-Type: text/plain\r\n\r\n\0\xff\xfe",
]


@pytest.mark.parametrize("answer", HOSTILE_WORDS)
def test_whatever_an_answer_says_either_database_stores_it(either_app: Flask, target: Target, answer: bytes) -> None:
    claim = a_claim(a_scan())

    settled = settle(claim, answered(target, answer))

    assert settled is not None and row(claim.scan_id).state in (State.WAITING, State.SUCCEEDED)


@pytest.mark.parametrize("answer", HOSTILE_WORDS)
def test_what_a_person_reads_of_an_answer_is_printable(target: Target, answer: bytes) -> None:
    exchange = answered(target, answer)

    shown = [exchange.reason, exchange.content_type, *sum(exchange.headers, ()), judge(exchange).error or ""]
    assert all(text.isprintable() for text in shown)


ANSWERS = st.lists(
    st.sampled_from(
        [
            OK,
            CHUNKED,
            GZIP,
            b"HTTP/1.1 302 Found\r\nLocation: ",
            b"\r\n",
            b"\r\n\r\n",
            b"\0",
            b"5\r\nhello\r\n",
            b"0\r\n",
        ]
        + [
            b"Content-Length: ",
            b"-1",
            b"99999999999999999999",
            b"Transfer-Encoding: ",
            b"chunked",
            b"//",
            b"http://[",
            b":",
        ]
    )
    | st.binary(max_size=20),
    max_size=12,
).map(b"".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANSWERS)
def test_no_answer_at_all_makes_it_raise(target: Target, answer: bytes) -> None:
    exchange = fetch(Request("GET", target.say(answer)), timeout=1)

    assert judge(exchange).decision in Decision
    assert exchange.failure is None or exchange.failure.message.endswith(".")


@pytest.fixture
def early_answer() -> Iterator[str]:
    """A server that answers before it has read what comes, and then reads no further."""
    server = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        is_over.wait(0.2)
        connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    is_over.set()
    thread.join()
    server.close()


def test_an_answer_that_comes_before_the_request_is_sent_is_heard(early_answer: str) -> None:
    exchange = fetch(Request("POST", early_answer, body=b"x" * 30_000_000), timeout=5)

    assert (exchange.status, exchange.failure) == (413, None)


def test_an_address_that_swallows_everything_leaves_time_for_the_next(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        found = [full.getsockname(), ("127.0.0.1", int(target.url("").rsplit(":", 1)[1]))]
        answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in found]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)

        exchange = fetch(Request("GET", "http://two.example/ok"), timeout=1)

        for one in waiting:
            one.close()
    assert exchange.status == 200 and exchange.phases["connect"] > 400


def test_a_lookup_without_an_answer_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def hang(*_: Any, flags: int = 0, **__: Any) -> Any:
        if not flags:
            is_over.wait(10)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    exchange = fetch(Request("GET", "http://slow.example/"), timeout=0.3)
    seconds = time.monotonic() - started
    is_over.set()

    assert exchange.failure is not None and exchange.failure.outcome is Outcome.TIMED_OUT
    assert set(exchange.phases) == {"dns"} and seconds < 5


def test_names_that_hang_do_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch, target: Target) -> None:
    is_over = threading.Event()
    port = int(target.url("").rsplit(":", 1)[1])

    def look_up(host: str, *_: Any, flags: int = 0, **__: Any) -> Any:
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        if host.startswith("hang"):
            is_over.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    hanging = [f"http://hang{number}.example/" for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        slow = list(pool.map(lambda url: fetch(Request("GET", url), timeout=0.3), hanging))
    quick = [fetch(Request("GET", "http://quick.example/ok"), timeout=20) for _ in range(3)]
    is_over.set()

    assert {exchange.failure and exchange.failure.outcome for exchange in slow} == {Outcome.TIMED_OUT}
    assert [exchange.status for exchange in quick] == [200] * 3


@pytest.mark.parametrize(("url", "last"), [("/hang", "first_byte"), ("/drip", "body")])
def test_the_phase_in_which_time_ran_out_is_timed(target: Target, url: str, last: str) -> None:
    phases = fetch(Request("GET", target.url(url)), timeout=0.3).phases

    assert list(phases)[-1] == last and phases[last] > 200


def test_a_handshake_that_never_comes_is_timed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        exchange = fetch(Request("GET", f"https://127.0.0.1:{silent.getsockname()[1]}/"), timeout=0.3)

    assert code(exchange) is ErrorCode.TIMEOUT and exchange.phases["tls"] > 200


def test_a_certificate_past_its_time_may_be_renewed(trusting: Guard, authority: trustme.CA) -> None:
    now = dt.datetime.now(dt.UTC)
    certificate = authority.issue_cert("localhost", not_before=now - dt.timedelta(2), not_after=now - dt.timedelta(1))
    server = tls_server(certificate)

    exchange = fetch(Request("GET", f"https://localhost:{server.server_address[1]}/"), timeout=5, guard=trusting)

    server.shutdown()
    server.server_close()
    assert code(exchange) is ErrorCode.SSL_CERT_EXPIRED


UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import gevent, time
from tests.fetching import fetch
from tests.target import Target
from webapp.scans.exchange import Request
target = Target()
started = time.monotonic()
paths = ["/hang", "/drip", "/drip-headers", "/slow?seconds=0.3", "/ok"] * 4
urls = [target.url(path).replace("127.0.0.1", "localhost") for path in paths]
jobs = [gevent.spawn(fetch, Request("GET", url), timeout=0.6) for url in urls]
gevent.joinall(jobs)
assert time.monotonic() - started < 3, "they waited for one another"
print(*(job.value.failure.code if job.value.failure else job.value.status for job in jobs[:5]))
"""


#: Lookups hang in the thread that gevent gives them, as they do in the C library.
HANGING_UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import _socket, gevent
real, sleep = _socket.getaddrinfo, monkey.get_original("time", "sleep")
def look_up(host, *args):
    name = host.decode() if isinstance(host, bytes) else host
    if name.startswith("hang"):
        sleep(3)
    return real(name if name[0].isdigit() else "127.0.0.1", *args)
_socket.getaddrinfo = look_up
from tasks.lookup import make_room_under_gevent
from tests.fetching import fetch
from tests.target import Target
from webapp.scans.exchange import Request
make_room_under_gevent(40)
port = Target().url("").rsplit(":", 1)[1]
urls = [f"http://hang{number}.example:{port}/ok" for number in range(30)]
jobs = [gevent.spawn(fetch, Request("GET", url), timeout=0.5) for url in urls]
gevent.sleep(0.1)
jobs.append(gevent.spawn(fetch, Request("GET", f"http://quick.example:{port}/ok"), timeout=2.5))
gevent.joinall(jobs)
ends = [jobs[number].value for number in (0, -1)]
print(*(end.failure.code if end.failure else end.status for end in ends))
"""


@pytest.mark.parametrize(
    ("script", "ends"),
    [(UNDER_GEVENT, ["TIMEOUT", "TIMEOUT", "TIMEOUT", "200", "200"]), (HANGING_UNDER_GEVENT, ["TIMEOUT", "200"])],
    ids=["all wait", "lookups hang"],
)
def test_many_share_one_thread_under_gevent(script: str, ends: list[str]) -> None:
    pytest.importorskip("gevent")
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert run.stdout.split() == ends, run.stderr
