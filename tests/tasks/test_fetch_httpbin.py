"""The fetch against httpbin: a server that no one here wrote, with HTTP's usual turns."""

import json

import pytest

from tasks.fetch import PRODUCT
from tests.fetching import fetch
from webapp.scans.exchange import MISSING, Exchange, Request
from webapp.scans.rules import Decision, judge
from webapp.scans.states import ErrorCode, Outcome


def got(url: str, *, timeout: float = 10, **headers: str) -> Exchange:
    return fetch(Request("GET", url, headers), timeout=timeout)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_arrives_as_it_was_meant(httpbin_url: str, method: str) -> None:
    body = None if method == "GET" else b'{"a": "\xc3\xa4"}'
    request = Request(method, f"{httpbin_url}/anything?q=1", {"Content-Type": "application/json"}, body)

    seen = fetch(request, timeout=10).json

    assert (seen["method"], seen["args"]) == (method, {"q": "1"})
    assert seen["json"] == (None if body is None else {"a": "ä"})


def test_only_what_is_needed_is_sent_beside_the_persons_headers(httpbin_url: str) -> None:
    sent = got(f"{httpbin_url}/headers", **{"X-Mine": "1"}).json["headers"]

    assert set(sent) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection", "X-Mine"}
    assert sent["User-Agent"] == PRODUCT


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 401, 404, 418, 429, 500, 503])
def test_every_status_is_judged_by_its_number(httpbin_url: str, status: int) -> None:
    exchange = got(f"{httpbin_url}/status/{status}")

    assert exchange.status == status and exchange.failure is None
    assert judge(exchange).decision is (Decision.SUCCESS if status < 400 else Decision.RETRY)


def test_gzip_is_unpacked(httpbin_url: str) -> None:
    assert got(f"{httpbin_url}/gzip").json["gzipped"] is True


@pytest.mark.parametrize("encoding", ["deflate", "brotli"])
def test_an_encoding_that_was_not_asked_for_is_refused_for_good(httpbin_url: str, encoding: str) -> None:
    failure = got(f"{httpbin_url}/{encoding}").failure

    assert failure is not None and (failure.code, failure.is_permanent) == (ErrorCode.BAD_RESPONSE, True)


@pytest.mark.parametrize("kind", ["redirect", "relative-redirect", "absolute-redirect"])
def test_five_redirects_are_followed_and_six_are_too_many(httpbin_url: str, kind: str) -> None:
    five, six = got(f"{httpbin_url}/{kind}/5"), got(f"{httpbin_url}/{kind}/6")

    assert five.status == 200 and five.url == f"{httpbin_url}/get" and len(five.redirects) == 5
    assert six.failure is not None and six.failure.code is ErrorCode.TOO_MANY_REDIRECTS


def test_cookies_are_set_in_vain(httpbin_url: str) -> None:
    assert got(f"{httpbin_url}/cookies/set?a=b").json == {"cookies": {}}
    assert got(f"{httpbin_url}/cookies").json == {"cookies": {}}


def test_credentials_are_a_header(httpbin_url: str) -> None:
    assert got(f"{httpbin_url}/bearer", Authorization="Bearer t0ken").json["token"] == "t0ken"
    assert got(f"{httpbin_url}/bearer").status == 401


@pytest.mark.parametrize("path", ["/delay/5", "/drip?duration=5&numbytes=50&delay=0"])
def test_slowness_ends_at_the_deadline(httpbin_url: str, path: str) -> None:
    failure = got(f"{httpbin_url}{path}", timeout=0.4).failure

    assert failure is not None and (failure.outcome, failure.code) == (Outcome.TIMED_OUT, ErrorCode.TIMEOUT)


def test_a_stream_of_chunks_is_whole(httpbin_url: str) -> None:
    exchange = got(f"{httpbin_url}/stream/20")

    assert [json.loads(line)["id"] for line in exchange.body.splitlines()] == list(range(20))


def test_bytes_come_through_unchanged_and_are_no_json(httpbin_url: str) -> None:
    exchange = got(f"{httpbin_url}/image/png")

    assert exchange.body.startswith(b"\x89PNG\r\n\x1a\n") and exchange.body.endswith(b"IEND\xaeB`\x82")
    assert exchange.json is MISSING and exchange.content_type == "image/png"


def test_repeated_headers_are_all_told(httpbin_url: str) -> None:
    headers = got(f"{httpbin_url}/response-headers?X-A=1&X-A=2").headers

    assert [value for name, value in headers if name == "X-A"] == ["1", "2"]
