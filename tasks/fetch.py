"""The only code that touches a target: one HTTP exchange, redirects included, under one deadline."""

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import requests
import urllib3

from tasks.answer_body import read_body
from tasks.answer_json import TooMuchJson, parse_json
from tasks.cancellation import Cancellation
from tasks.connection import Adapter, trust
from tasks.failures import FetchFailed, closed_failure, garbage_failure
from tasks.guard import Guard
from tasks.meter import Meter
from tasks.redirect import redirected, stays
from webapp.scans.exchange import MISSING, Exchange, Failure, Request, Timeouts
from webapp.scans.request_grammar import check_headers, check_url
from webapp.scans.states import ErrorCode, Outcome

MAX_BODY_BYTES: Final = 5 * 1024 * 1024
MAX_REDIRECTS: Final = 5
#: Stays in each request, also behind a User-Agent that was asked for: who is scanned shall see by what.
PRODUCT: Final = "Tilldone/0.1"
#: Room for status lines, headers, chunk sizes and trailers beside the body.
_FRAME_BYTES: Final = 1024 * 1024
_FIRST_ERROR: Final = 400
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

#: Is given the URL that comes next, and what to call while it waits; may raise FetchFailed, which ends the exchange.
OnRedirect = Callable[[str, Callable[[], object]], None]


def fetch(
    request: Request,
    *,
    guard: Guard,
    timeout: float | Timeouts,
    max_bytes: int = MAX_BODY_BYTES,
    cancellation: Cancellation | None = None,
    on_redirect: OnRedirect = lambda url, check: None,
) -> Exchange:
    """Make the exchange; whatever the target does is told in the result, ``failure`` included, and never raised.

    ``timeout`` is in seconds, for all of it, or tells its parts. A body is cut after ``max_bytes`` decoded bytes.
    ``on_redirect`` is called before a redirect is followed; see OnRedirect.
    Nothing comes from the environment: no proxy, no .netrc; and nothing is kept: no cookies, no connections. Once
    canceled it returns at once, with a result that means nothing.
    """
    cancellation = cancellation or Cancellation()
    timeouts = timeout if isinstance(timeout, Timeouts) else Timeouts(timeout)
    meter = Meter(timeouts, max_bytes + _FRAME_BYTES, cancellation)
    visit = _Visit(request, guard, meter, max_bytes, on_redirect)
    try:
        exchange = visit.make()
    except FetchFailed as error:
        exchange = replace(visit.reached, failure=error.failure)
    except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError) as error:
        # The request was found sound before it was sent, so all of these speak of the answer.
        exchange = replace(visit.reached, failure=_failure_of(error, has_ended=meter.has_ended))
    finally:
        cancellation.release()
    return replace(exchange, phases=dict(meter.phases))


@dataclass
class _Visit:
    """One exchange under way; ``reached`` is what is known of it so far."""

    request: Request
    guard: Guard
    meter: Meter
    max_bytes: int
    on_redirect: OnRedirect
    #: Whether a person named the host that is asked now. A server that redirects elsewhere has taken the wheel, and
    #: keeps it even if it leads back.
    is_typed: bool = True

    def __post_init__(self) -> None:
        self.reached = Exchange(url=self.request.url)

    def make(self) -> Exchange:
        request = self.request
        for _ in range(MAX_REDIRECTS + 1):
            with (
                contextlib.closing(self._adapter()) as adapter,
                contextlib.closing(self._send(request, adapter)) as response,
            ):
                location = response.headers.get("Location")
                if response.status_code not in _REDIRECTS or not location:
                    return self._read(response)
                # The body of a redirect is never read: it is not the answer, and may be a bomb.
                request = self._follow(request, response.status_code, location)
        words = f"More than {MAX_REDIRECTS} redirects, the last one to {request.url[:200]}."
        raise FetchFailed(Failure(Outcome.NETWORK_ERROR, ErrorCode.TOO_MANY_REDIRECTS, words))

    def _adapter(self) -> Adapter:
        """One for each request: no connection that was judged for one serves another."""
        door = partial(self.guard.admit, is_typed=self.is_typed)
        return Adapter(door, self.meter, trust(self.guard.reach.ca_bundle))

    def _follow(self, request: Request, status: int, location: str) -> Request:
        following = redirected(request, status, location)
        self.is_typed = self.is_typed and stays(request.url, following.url)
        self.reached = replace(self.reached, url=following.url, redirects=(*self.reached.redirects, following.url))
        self.on_redirect(following.url, self.meter.left)
        return following

    def _send(self, request: Request, adapter: Adapter) -> requests.Response:
        """Send it through the adapter, not a Session: that would read redirects, and unpack what they bring."""
        prepared = _prepared(request, self.guard.reach.contact)
        try:
            response = adapter.send(prepared, stream=True, timeout=self.meter.left(), proxies={})
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
        self.reached = replace(self.reached, body=body, is_truncated=is_truncated)
        return replace(self.reached, json=self._parse(self.reached))

    def _parse(self, answer: Exchange) -> Any:
        try:
            return parse_json(answer.body, answer.content_type, is_truncated=answer.is_truncated)
        except TooMuchJson:
            if answer.status is not None and answer.status >= _FIRST_ERROR:
                return MISSING  # the status says enough
            words = "The answer's JSON holds more values than a worker's memory is spared for."
            raise FetchFailed(garbage_failure(words, is_permanent=True)) from None


def user_agent(given: str | None, contact: str) -> str:
    own = f"{PRODUCT} (+{contact})" if contact else PRODUCT
    return f"{given} {own}" if given else own


def _prepared(request: Request, contact: str) -> requests.PreparedRequest:
    """As it goes over the wire; raises FetchFailed for what cannot be sent."""
    if problem := check_url(request.url):
        raise FetchFailed(_invalid(problem))
    if problem := check_headers(request.headers):
        raise FetchFailed(_unsendable(f"The headers {problem}."))
    if not (request.method.isascii() and request.method.isalpha()):
        raise FetchFailed(_unsendable("The method is not a word."))
    headers = {"Accept": "*/*", **request.headers}
    given = next((headers.pop(name) for name in list(headers) if name.lower() == "user-agent"), None)
    headers["User-Agent"] = user_agent(given, contact)
    # Ours, because we unpack: no bomb is expanded behind our back. One exchange a connection.
    headers |= {"Accept-Encoding": "gzip", "Connection": "close"}
    try:
        prepared = requests.Request(request.method, request.url, headers, data=request.body).prepare()
    except (requests.RequestException, ValueError) as error:
        raise FetchFailed(_invalid("is not one that can be asked")) from error
    # requests rewrites what it is given: what counts is what it will send.
    if problem := check_url(prepared.url or ""):
        raise FetchFailed(_invalid(problem))
    return prepared


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
