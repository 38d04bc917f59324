"""Where a redirect may lead, and what goes along."""

import pytest

from tasks.failures import FetchFailed
from tasks.fetch import fetch as guarded_fetch
from tasks.guard import Guard
from tasks.redirect import redirected, stays
from tests.fetching import fetch
from tests.target import Target
from webapp.allow_list import parse_allow_list
from webapp.reach import Profile, Reach
from webapp.scans.exchange import Failure, Request
from webapp.scans.states import ErrorCode, Outcome

#: Nothing listens there; who asks is told so by the system, and not by the guard.
DOOR = "http://127.0.0.1:64999/"
HEADERS = {"Authorization": "Bearer canary", "User-Agent": "mine/1", "Content-Type": "text/plain"}


def led(url: str, location: str, *, status: int = 302, method: str = "GET", body: bytes | None = None) -> Request:
    return redirected(Request(method, url, HEADERS, body), status, location)


def refused(url: str, location: str, *, status: int = 302, method: str = "GET", body: bytes | None = None) -> Failure:
    with pytest.raises(FetchFailed) as caught:
        led(url, location, status=status, method=method, body=body)
    failure = caught.value.failure
    assert failure.outcome is Outcome.REFUSED and failure.is_permanent and "canary" not in failure.message
    return failure


@pytest.mark.parametrize(
    ("url", "location", "leads_to", "keeps"),
    [
        ("http://a.example/x", "/y", "http://a.example/y", True),
        ("http://a.example/x", "http://A.example:80/y", "http://A.example:80/y", True),
        ("http://a.example/x", "http://a.example./y", "http://a.example./y", True),
        ("https://a.example/x", "https://a.example:443/y", "https://a.example:443/y", True),
        ("http://a.example/x", "https://a.example/y", "https://a.example/y", False),
        ("http://a.example/x", "http://a.example:8080/y", "http://a.example:8080/y", False),
        ("http://a.example/x", "http://b.example/y", "http://b.example/y", False),
        ("http://a.example/x", "//b.example/y", "http://b.example/y", False),
        ("http://a.example/x", "http://a.example.b.example/", "http://a.example.b.example/", False),
        ("http://a.example/x", "http://sub.a.example/", "http://sub.a.example/", False),
        ("https://a.example/x", "https://b.example/y", "https://b.example/y", False),
    ],
)
def test_no_header_of_a_persons_goes_to_another_origin(url: str, location: str, leads_to: str, keeps: bool) -> None:
    following = led(url, location)

    assert following.url == leads_to
    assert following.headers == (HEADERS if keeps else {})


@pytest.mark.parametrize("location", ["http://a.example/", "http://b.example/", "HTTP://a.example:443/"])
def test_nothing_leads_from_https_to_http(location: str) -> None:
    failure = refused("https://a.example/", location)

    assert failure.code is ErrorCode.REFUSED_BY_POLICY and "from https to http" in failure.message


def test_what_is_typed_as_http_may_lead_to_http() -> None:
    assert led("http://a.example/", "http://b.example/").url == "http://b.example/"


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_goes_to_no_other_host(status: int) -> None:
    failure = refused("https://a.example/", "https://b.example/", status=status, method="POST", body=b"canary")

    assert failure.code is ErrorCode.REFUSED_BY_POLICY and "b.example" in failure.message


@pytest.mark.parametrize("location", ["/there", "https://a.example/there"])
def test_a_body_may_follow_its_own_host_to_https(location: str) -> None:
    following = led("http://a.example/", location, status=307, method="POST", body=b"canary")

    assert (following.method, following.body) == ("POST", b"canary")


def test_a_redirect_that_asks_for_no_body_takes_none_along() -> None:
    following = led("https://a.example/", "https://b.example/", status=303, method="POST", body=b"canary")

    assert (following.method, following.body, following.headers) == ("GET", None, {})


@pytest.mark.parametrize(
    ("before", "after", "stay"),
    [
        ("http://10.0.0.1/", "http://10.0.0.1/login", True),
        ("http://10.0.0.1/", "https://10.0.0.1/", True),
        ("http://10.0.0.1:8080/", "https://10.0.0.1:8080/", True),
        ("http://10.0.0.1/", "http://10.0.0.1:8080/", False),
        ("http://10.0.0.1/", "https://10.0.0.1:8443/", False),
        ("http://10.0.0.1:8080/", "https://10.0.0.1/", False),
        ("http://10.0.0.1/", "http://10.0.0.2/", False),
    ],
)
def test_only_the_same_server_is_still_the_one_that_was_typed(before: str, after: str, stay: bool) -> None:
    assert stays(before, after) is stay


def test_at_home_a_redirect_may_stay_where_the_person_went(target: Target) -> None:
    home = Guard(Reach(profile=Profile.LOCAL))

    assert guarded_fetch(Request("GET", target.url("/redirect?n=3")), guard=home, timeout=5).status == 200


def test_at_home_a_redirect_leads_to_no_other_door_and_not_back_either(target: Target) -> None:
    """The other server is one of the world: allowed, and so led to, but what it leads to is not what was typed."""
    other = Target()
    world = parse_allow_list(other.url("").removeprefix("http://"))
    home = Guard(Reach(profile=Profile.LOCAL, allow=world))
    urls = [f"/redirect-to?url={other.url('/redirect-to?url=' + target.url('/back'))}", f"/redirect-to?url={DOOR}"]

    ended = [guarded_fetch(Request("GET", target.url(url)), guard=home, timeout=5).failure for url in urls]

    assert [failure and failure.code for failure in ended] == [ErrorCode.REFUSED_BY_POLICY] * 2
    assert len(other.requests) == 1 and target.hits("/back") == 0
    other.stop()


def test_a_chain_that_comes_back_brings_no_header_along(target: Target) -> None:
    other = Target()
    chain = target.url(f"/redirect-to?url={other.url('/redirect-to?url=' + target.url('/echo'))}")
    exchange = fetch(Request("GET", chain, HEADERS), timeout=5)
    other.stop()

    assert "Authorization" not in exchange.json["headers"] and exchange.json["headers"]["User-Agent"] != "mine/1"
