"""Hundreds of URLs that must not be asked, whether a person types them or a server redirects there: nobody is."""

import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tasks.fetch import fetch
from tasks.guard import Guard
from tests.target import Target
from tests.tasks.hostile_urls import hostile_urls
from webapp.allow_list import parse_allow_list
from webapp.reach import Profile, Reach
from webapp.scans.exchange import Exchange, Request
from webapp.scans.states import ErrorCode, Outcome

CASES = [pytest.param(url, id=name) for name, url in hostile_urls()]
REFUSALS = {ErrorCode.INVALID_URL, ErrorCode.REFUSED_BY_POLICY}
CANARY = "canary-7d1f"


class Network:
    """All connections that are opened, and lookups that lead to this machine, as an attacker's name server would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[Any] = []
        connect, look_up = socket.socket.connect, socket.getaddrinfo

        def watch(sock: socket.socket, address: Any) -> None:
            self.opened.append(address)
            connect(sock, address)

        def answer(host: Any, port: Any, *args: Any, **options: Any) -> Any:
            if options.get("flags") == socket.AI_NUMERICHOST:
                return look_up(host, port, *args, **options)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket.socket, "connect", watch)
        monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(monkeypatch)


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    """Redirects to wherever it is told; the only place that may be asked."""
    running = Target()
    yield running
    running.stop()


def check_refusal(exchange: Exchange) -> None:
    failure = exchange.failure
    assert failure is not None and failure.outcome is Outcome.REFUSED and failure.is_permanent
    assert failure.code in REFUSALS and failure.message.endswith(".") and CANARY not in failure.message
    assert failure.message.isprintable() and len(failure.message) < 500
    assert exchange.status is None and exchange.body == b""


@pytest.mark.parametrize("url", CASES)
def test_a_hostile_url_is_refused_and_nobody_is_asked(url: str, network: Network) -> None:
    started = time.monotonic()

    exchange = fetch(Request("GET", url, {"X-Secret": CANARY}), guard=Guard(), timeout=5)

    check_refusal(exchange)
    assert network.opened == [] and time.monotonic() - started < 1


#: From a server these are relative, so they lead back to itself.
RELATIVE = (
    "",
    "http:/127.0.0.1/",
    "http:///127.0.0.1/",
    "http:127.0.0.1/",
    " http://8.8.8.8/",
    "https://?",
    "http://#",
    "http://",
)
REDIRECTS = [case for case in CASES if case.values[0] not in RELATIVE]
#: Where the profiles differ for what is typed; for where a server leads they must not.
NEAR = [case for case in REDIRECTS if str(case.id).endswith((" 127.0.0.1", " 10.1.2.3"))]


@pytest.mark.parametrize("url", REDIRECTS)
def test_a_redirect_to_a_hostile_url_ends_there(url: str, server: Target, network: Network) -> None:
    check_redirect(url, Profile.PUBLIC, server, network)


@pytest.mark.parametrize("url", NEAR)
def test_at_home_too_a_redirect_leads_nowhere_near(url: str, server: Target, network: Network) -> None:
    check_redirect(url, Profile.LOCAL, server, network)


def check_redirect(url: str, profile: Profile, server: Target, network: Network) -> None:
    location = url.encode().replace(b"\r\n", b" ").replace(b"\0", b"")
    first = server.say(b"HTTP/1.1 302 Found\r\nLocation: %b\r\n\r\n" % location)
    own = urlsplit(first).netloc
    guard = Guard(Reach(profile=profile, allow=parse_allow_list(own)))

    exchange = fetch(Request("GET", first, {"X-Secret": CANARY}), guard=guard, timeout=5)

    check_refusal(exchange)
    assert [f"{host}:{port}" for host, port in network.opened] == [own]
