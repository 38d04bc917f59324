"""The request that follows a redirect: as browsers make it, but with nothing that was meant for another origin."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from tasks.failures import FetchFailed
from webapp.scans.exchange import Failure, Request
from webapp.scans.request_grammar import check_url
from webapp.scans.states import ErrorCode, Outcome

#: What servers write into Location as it is, and browsers encode for them.
_UNENCODED: Final = re.compile(r'[ "<>^`{|}]')
_PORTS: Final = {"http": 80, "https": 443}


def redirected(request: Request, status: int, location: str) -> Request:
    """Raises FetchFailed for where it must not lead."""
    url, problem = _joined(request.url, location)
    if problem:
        raise _refused(f"The server redirects to an address that {problem}.", ErrorCode.INVALID_URL)
    if _scheme(request.url) == "https" and _scheme(url) == "http":
        raise _refused(
            "The server redirects from https to http, where anybody on the way can read and change what comes. "
            "If that is meant, scan the http:// address itself."
        )
    # Headers are secrets of the origin that they were given for; once gone they do not come back.
    headers = request.headers if _origin(url) == _origin(request.url) else {}
    if status == 303 or (status in (301, 302) and request.method == "POST"):
        method = "HEAD" if request.method == "HEAD" else "GET"
        return Request(method, url, _without_body_headers(headers))
    if request.body and not stays(request.url, url):
        raise _refused(
            f"The server redirects to {_host(url)} and wants the body sent there too; it is sent to nobody but the "
            "host that it was given for. If that is meant, scan the new address itself."
        )
    return replace(request, url=url, headers=headers)


def stays(before: str, after: str) -> bool:
    """Whether a redirect leads to the same server: the same host and port, or from its http to its https."""
    was, is_now = _origin(before), _origin(after)
    is_upgrade = (was[0], was[2], is_now[0], is_now[2]) == ("http", 80, "https", 443)
    return was[1] == is_now[1] and (was[2] == is_now[2] or is_upgrade)


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


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, _host(url), parts.port or _PORTS[scheme]


def _scheme(url: str) -> str:
    return urlsplit(url).scheme.lower()


def _host(url: str) -> str:
    parts: SplitResult = urlsplit(url)
    return (parts.hostname or "").removesuffix(".")


def _refused(words: str, code: ErrorCode = ErrorCode.REFUSED_BY_POLICY) -> FetchFailed:
    return FetchFailed(Failure(Outcome.REFUSED, code, words, is_permanent=True))
