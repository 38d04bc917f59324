"""The only code that touches a target: one HTTP exchange, redirects included, under one deadline."""

import http.client
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from tasks.answer_body import read_body
from tasks.answer_json import parse_json
from tasks.cancellation import Cancellation
from tasks.connection import Adapter
from tasks.failures import FetchFailed, closed_failure, garbage_failure
from tasks.meter import Meter
from webapp.scans.exchange import Exchange, Failure, Request
from webapp.scans.request_grammar import check_headers, check_url
from webapp.scans.states import ErrorCode, Outcome

MAX_BODY_BYTES: Final = 5 * 1024 * 1024
MAX_REDIRECTS: Final = 5
USER_AGENT: Final = "Tilldone/0.1"
#: Room for status lines, headers, chunk sizes and trailers beside the body.
_FRAME_BYTES: Final = 1024 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: What servers write into Location as it is, and browsers encode for them.
_UNENCODED: Final = re.compile(r'[ "<>^`{|}]')


def fetch(
    request: Request,
    *,
    timeout: float,
    max_bytes: int = MAX_BODY_BYTES,
    tls: ssl.SSLContext | None = None,
    cancellation: Cancellation | None = None,
) -> Exchange:
    """Make the exchange; whatever the target does is told in the result, ``failure`` included, and never raised.

    ``timeout`` is in seconds, for all of it. A body is cut after ``max_bytes`` decoded bytes. Nothing comes from the
    environment: no proxy, no .netrc; and nothing is kept: no cookies, no connections. Once canceled it returns at
    once, with a result that means nothing.
    """
    cancellation = cancellation or Cancellation()
    meter = Meter(timeout, max_bytes + _FRAME_BYTES, cancellation)
    visit = _Visit(request, Adapter(meter, tls), meter, max_bytes)
    try:
        exchange = visit.make()
    except FetchFailed as error:
        exchange = replace(visit.reached, failure=error.failure)
    except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError) as error:
        # The request was found sound before it was sent, so all of these speak of the answer.
        exchange = replace(visit.reached, failure=_failure_of(error, has_ended=meter.has_ended))
    finally:
        visit.adapter.close()
        cancellation.release()
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
        prepared = _prepared(request)
        try:
            response = self.adapter.send(prepared, stream=True, timeout=self.meter.left(), proxies={})
        finally:
            self.meter.wait_is_over()
        if self.meter.has_ended:
            # http.client takes the end of the connection for the end of the headers.
            response.close()
            raise FetchFailed(closed_failure())
        return response

    def _read(self, response: requests.Response) -> Exchange:
        if response.status_code < 200:
            raise FetchFailed(garbage_failure(f"The server answered {response.status_code} and nothing after it."))
        self.reached = replace(
            self.reached,
            status=response.status_code,
            reason=_printable(response.reason or ""),
            headers=tuple((_printable(name), _printable(value)) for name, value in response.raw.headers.items()),
            content_type=_printable(response.headers.get("Content-Type", "")),
        )
        started = time.monotonic()
        try:
            body, is_truncated = read_body(response, self.max_bytes)
        finally:
            self.meter.add("body", started)
        json = parse_json(body, self.reached.content_type, is_truncated=is_truncated)
        return replace(self.reached, body=body, is_truncated=is_truncated, json=json)


def _prepared(request: Request) -> requests.PreparedRequest:
    """As it goes over the wire; raises FetchFailed for what cannot be sent."""
    if problem := check_url(request.url):
        raise FetchFailed(_invalid(problem))
    if problem := check_headers(request.headers):
        raise FetchFailed(_unsendable(f"The headers {problem}."))
    if not (request.method.isascii() and request.method.isalpha()):
        raise FetchFailed(_unsendable("The method is not a word."))
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", **request.headers}
    # Ours, because we unpack: no bomb is expanded behind our back. One exchange a connection.
    headers |= {"Accept-Encoding": "gzip", "Connection": "close"}
    try:
        return requests.Request(request.method, request.url, headers, data=request.body).prepare()
    except (requests.RequestException, ValueError) as error:
        raise FetchFailed(_invalid("is not one that can be asked")) from error


def _redirected(request: Request, status: int, location: str) -> Request:
    """The request that follows, as browsers make it; headers are secrets of the origin that they were given for."""
    url, problem = _joined(request.url, location)
    if problem:
        words = f"The server redirects to an address that {problem}."
        raise FetchFailed(Failure(Outcome.REFUSED, ErrorCode.INVALID_URL, words, is_permanent=True))
    headers = request.headers if _origin(url) == _origin(request.url) else {}
    if status == 303 or (status in (301, 302) and request.method == "POST"):
        method = "HEAD" if request.method == "HEAD" else "GET"
        return Request(method, url, _without_body_headers(headers))
    return replace(request, url=url, headers=headers)


def _joined(url: str, location: str) -> tuple[str, str | None]:
    """Where it leads, and what is wrong with that."""
    try:
        text = location.encode("latin-1").decode()
    except UnicodeError:
        text = location
    try:
        joined = urljoin(url, _UNENCODED.sub(lambda found: f"%{ord(found[0]):02X}", text.strip()))
    except ValueError:
        return url, "is not a URL"
    return joined, check_url(joined)


def _without_body_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if not name.lower().startswith("content-")}


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, parts.hostname, parts.port or {"https": 443}.get(scheme, 80)


def _failure_of(error: Exception, *, has_ended: bool) -> Failure:
    """requests and urllib3 wrap what happened in layers of their own: the innermost tells."""
    causes = list(_causes(error))
    if any(isinstance(cause, http.client.RemoteDisconnected) for cause in causes):
        return closed_failure()
    is_http = not any(isinstance(cause, http.client.BadStatusLine) for cause in causes)
    return closed_failure() if has_ended and is_http else garbage_failure()


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


def _unsendable(words: str) -> Failure:
    return Failure(Outcome.REFUSED, ErrorCode.INVALID_REQUEST, words, is_permanent=True)


def _printable(text: str) -> str:
    """Without what a terminal would obey and PostgreSQL does not store (NUL)."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else " " if one == "\t" else "\ufffd" for one in text)
