"""The only code that touches a target: one HTTP exchange, redirects included, under one deadline."""

import http.client
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from tasks.answer_json import parse_json
from tasks.connection import Adapter, Meter
from tasks.failures import FetchFailed, closed_failure, garbage_failure
from webapp.scans.exchange import Exchange, Failure, Request
from webapp.scans.request_grammar import check_url
from webapp.scans.states import ErrorCode, Outcome

MAX_BODY_BYTES: Final = 5 * 1024 * 1024
MAX_REDIRECTS: Final = 5
USER_AGENT: Final = "Tilldone/0.1"
_CHUNK_BYTES: Final = 64 * 1024
#: Room for status lines, headers, chunk sizes and trailers beside the body.
_FRAME_BYTES: Final = 1024 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def fetch(
    request: Request, *, timeout: float, max_bytes: int = MAX_BODY_BYTES, tls: ssl.SSLContext | None = None
) -> Exchange:
    """Make the exchange; whatever the target does is told in the result, ``failure`` included, and never raised.

    ``timeout`` is in seconds, for all of it. A body is cut after ``max_bytes`` decoded bytes. Nothing comes from the
    environment: no proxy, no .netrc; and nothing is kept: no cookies, no connections.
    """
    meter = Meter(timeout, max_bytes + _FRAME_BYTES)
    visit = _Visit(request, Adapter(meter, tls), meter, max_bytes)
    try:
        exchange = visit.make()
    except FetchFailed as error:
        exchange = replace(visit.reached, failure=error.failure)
    except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
        exchange = replace(visit.reached, failure=_failure_of(error))
    except (ValueError, OSError) as error:
        # UnicodeError and friends: requests and http.client raise them for requests that cannot be written down.
        exchange = replace(visit.reached, failure=_invalid(f"cannot be sent ({type(error).__name__})"))
    finally:
        visit.adapter.close()
    return replace(exchange, phases=dict(meter.phases))


@dataclass
class _Visit:
    """One exchange under way; ``reached`` is what is known of it so far."""

    request: Request
    adapter: Adapter
    meter: Meter
    max_bytes: int

    def __post_init__(self) -> None:
        self.reached = Exchange(url=self.request.url)

    def make(self) -> Exchange:
        request = self.request
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(request)
            try:
                location = response.headers.get("Location")
                if response.status_code not in _REDIRECTS or not location:
                    return self._read(response)
                # The body of a redirect is never read: it is not the answer, and may be a bomb.
                request = _redirected(request, response.status_code, location)
            finally:
                response.close()
            self.reached = replace(self.reached, url=request.url, redirects=(*self.reached.redirects, request.url))
        words = f"More than {MAX_REDIRECTS} redirects, the last one to {request.url[:200]}."
        raise FetchFailed(Failure(Outcome.NETWORK_ERROR, ErrorCode.TOO_MANY_REDIRECTS, words))

    def _send(self, request: Request) -> requests.Response:
        """Send it through the adapter, not a Session: that would read redirects, and unpack what they bring."""
        if problem := check_url(request.url):
            raise FetchFailed(_invalid(problem))
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", **request.headers}
        # Ours, because we unpack: no bomb is expanded behind our back. One exchange a connection.
        headers |= {"Accept-Encoding": "gzip", "Connection": "close"}
        prepared = requests.Request(request.method, request.url, headers, data=request.body).prepare()
        started, before = time.monotonic(), sum(self.meter.phases.values())
        response = self.adapter.send(prepared, stream=True, timeout=self.meter.left(), proxies={})
        connecting = (sum(self.meter.phases.values()) - before) / 1000
        self.meter.add("first_byte", started + connecting)
        if response.status_code < 200:
            raise FetchFailed(garbage_failure(f"The server answered {response.status_code} and nothing after it."))
        return response

    def _read(self, response: requests.Response) -> Exchange:
        headers = tuple(response.raw.headers.items())
        self.reached = replace(
            self.reached,
            status=response.status_code,
            reason=_text(response.reason),
            headers=headers,
            content_type=response.headers.get("Content-Type", ""),
        )
        started = time.monotonic()
        try:
            body, is_truncated = _read_body(response, self.max_bytes)
        finally:
            self.meter.add("body", started)
        json = parse_json(body, self.reached.content_type, is_truncated=is_truncated)
        return replace(self.reached, body=body, is_truncated=is_truncated, json=json)


def _read_body(response: requests.Response, max_bytes: int) -> tuple[bytes, bool]:
    """The decoded body, and whether it was cut."""
    parts: list[bytes] = []
    size = 0
    for part in _decoded(response):
        parts.append(part[: max_bytes - size])
        size += len(part)
        if size > max_bytes:
            return b"".join(parts), True
    return b"".join(parts), False


def _decoded(response: requests.Response) -> Iterator[bytes]:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    chunks = response.raw.stream(_CHUNK_BYTES, decode_content=False)
    if encoding in ("", "identity"):
        return iter(chunks)
    if encoding in ("gzip", "x-gzip"):
        return _unzipped(chunks)
    words = f"The body is encoded as {encoding[:40]!r}, which was not asked for."
    raise FetchFailed(garbage_failure(words, is_permanent=True))


def _unzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """In steps of bounded size: a bomb is met by the caller's cap, not by the end of memory."""
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        for chunk in chunks:
            waiting = chunk
            while waiting and not unzip.eof:
                yield unzip.decompress(waiting, _CHUNK_BYTES)
                waiting = unzip.unconsumed_tail
    except zlib.error as error:
        raise FetchFailed(garbage_failure("The body says that it is gzip, but it is not.")) from error
    if not unzip.eof:
        raise FetchFailed(closed_failure())


def _redirected(request: Request, status: int, location: str) -> Request:
    """The request that follows, as browsers make it; headers are secrets of the origin that they were given for."""
    url = urljoin(request.url, _text(location.encode("latin-1", "replace")))
    if problem := check_url(url):
        words = f"The server redirects to an address that {problem}."
        raise FetchFailed(Failure(Outcome.REFUSED, ErrorCode.INVALID_URL, words, is_permanent=True))
    headers = request.headers if _origin(url) == _origin(request.url) else {}
    if status == 303 or (status in (301, 302) and request.method == "POST"):
        method = "HEAD" if request.method == "HEAD" else "GET"
        return Request(method, url, _without_body_headers(headers))
    return replace(request, url=url, headers=headers)


def _without_body_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if not name.lower().startswith("content-")}


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, parts.hostname, parts.port or {"https": 443}.get(scheme, 80)


def _failure_of(error: Exception) -> Failure:
    """requests and urllib3 wrap what happened in layers of their own: the innermost tells."""
    causes = list(_causes(error))
    if any(isinstance(cause, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema) for cause in causes):
        return _invalid("is not one that can be asked")
    if any(isinstance(cause, requests.exceptions.InvalidHeader) for cause in causes):
        words = "One of the headers cannot be sent."
        return Failure(Outcome.REFUSED, ErrorCode.INVALID_REQUEST, words, is_permanent=True)
    closed = (http.client.RemoteDisconnected, http.client.IncompleteRead, urllib3.exceptions.IncompleteRead)
    if any(isinstance(cause, closed) for cause in causes):
        return closed_failure()
    return garbage_failure()


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was made of, by cause, context and arguments."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]


def _invalid(problem: str) -> Failure:
    return Failure(Outcome.REFUSED, ErrorCode.INVALID_URL, f"The URL {problem}.", is_permanent=True)


def _text(raw: str | bytes | None) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw or ""
