"""What a URL and headers may be, before anybody is asked."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.scans.request_grammar import MAX_URL_LENGTH, check_headers, check_url


@pytest.mark.parametrize(
    "url",
    [
        "https://target.example",
        "http://target.example/path?a=1&b=%20#part",
        "HTTPS://Target.Example:8443/",
        "http://localhost:5000",
        "http://intranet/",
        "http://my_service:8080/",
        "http://127.0.0.1/",
        "http://[::1]:8080/",
        "http://target.example./",
        "http://bücher.example/straße",
        "https://target.example/?q=ä",
        "https://" + "a" * 63 + ".example/",
    ],
)
def test_a_url_that_can_be_asked_has_nothing_wrong(url: str) -> None:
    assert check_url(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "must start with http"),
        ("target.example", "must start with http"),
        ("ftp://target.example/", "must start with http"),
        ("file:///etc/passwd", "must start with http"),
        ("http://", "names no host"),
        ("http:///path", "names no host"),
        ("http://user:secret@target.example/", "must not hold a user name or password"),
        ("http://target.example/a b", "a space"),
        ("http://target.example/\n", "has a character"),
        ("http://target.example\\@other/", "has a character"),
        ("http://target.example/\u202egpj", "has a character"),
        ("http://target.example/\ud800", "has a character"),
        ("http://tar\u00adget.example/", "has a character"),
        ("http://target.example:0/", "port 0"),
        ("http://target.example:65536/", "is not a URL"),
        ("http://[::1/", "is not a URL"),
        ("http://[v1.x]/", "number for a host"),
        ("http://[fe80::1%25eth0]/", "must not have %"),
        ("http://target%2eexample/", "must not have %"),
        ("http://target..example/", "cannot exist"),
        ("http://" + "a" * 64 + ".example/", "cannot exist"),
        ("http://" + "a." * 130 + "example/", "cannot exist"),
        ("http://a;b/", "names a host with ; in it"),
        ("https://target.example/" + "x" * MAX_URL_LENGTH, "is longer than"),
    ],
)
def test_a_url_that_cannot_be_asked_is_told_why(url: str, why: str) -> None:
    assert why in (check_url(url) or "")


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "1.1",
        "256.1.1.1",
        "1.2.3.4.5",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
    ],
)
def test_an_address_in_disguise_is_refused(host: str) -> None:
    assert "number for a host" in (check_url(f"http://{host}/") or "")


def test_ten_thousand_urls_are_checked_at_once() -> None:
    plain = [f"https://host{n}.example.com/path/{n}?q={n}&r=a%20b" for n in range(9_000)]
    odd = [f"https://10.0.{n % 256}.1:8080/path/{n}?q=ä" for n in range(1_000)]
    started = time.process_time()

    assert not any(check_url(url) for url in plain + odd)

    assert time.process_time() - started < 0.3


@given(st.text("aZ9ä.:/@[]%#?-_0x1 \\|\0\n\ud800\u00ad\u202e①。", max_size=40).map(lambda text: f"http://{text}"))
def test_no_text_makes_it_raise_and_what_passes_can_be_stored(url: str) -> None:
    if check_url(url) is None:
        url.encode()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer a.b-c"}, {"X-Empty": ""}, {"Cookie": "a=b; c=d"}, {"User-Agent": "mine/1 (x)"}],
)
def test_headers_that_can_be_sent_have_nothing_wrong(headers: dict[str, str]) -> None:
    assert check_headers(headers) is None


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"X Y": "canary"}, "a name that HTTP does not allow"),
        ({"": "canary"}, "a name that HTTP does not allow"),
        ({"X": "canary\r\nY: 1"}, "line breaks"),
        ({"X": " canary"}, "a blank before it"),
        ({"X": "canary\u20ac"}, "beyond ASCII"),
        ({"X": "canary", "x": "canary"}, "twice"),
        ({"Host": "canary"}, "must not set Host"),
        ({"content-length": "canary"}, "must not set content-length"),
        ({"Proxy-Authorization": "canary"}, "must not set Proxy-Authorization"),
        ({"X-Forwarded-For": "canary"}, "must not set X-Forwarded-For"),
        ({"Metadata-Flavor": "canary"}, "must not set Metadata-Flavor"),
        ({"X": "canary" * 2000}, "longer than"),
        ({f"X-{n}": "canary" for n in range(41)}, "more than 40"),
    ],
)
def test_headers_that_cannot_be_sent_are_told_why_without_their_values(headers: dict[str, str], why: str) -> None:
    problem = check_headers(headers) or ""

    assert why in problem and "canary" not in problem


def test_a_secret_that_lost_its_name_is_not_repeated() -> None:
    assert "canary" not in (check_headers({"Bearer canary": ""}) or "")
