"""Real commands, as browsers copy them and as people write them, in the fields of the form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.routes.curl import curl_command
from webapp.routes.curl_paste import is_curl, read_paste
from webapp.scans.errors import InvalidField

CHROME_BASH = r"""curl 'https://shop.example/api/exports?page=1&sort=%2Ddate' \
  -X 'PUT' \
  -H 'accept: application/json, text/plain, */*' \
  -H 'accept-language: en-GB,en;q=0.9' \
  -H 'authorization: Bearer eyJhbGciOi.s3cret' \
  -H 'content-type: application/json' \
  -b 'session=abc123; theme=dark' \
  -H 'origin: https://shop.example' \
  -H 'priority: u=1, i' \
  -H 'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"' \
  -H 'user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0' \
  --data-raw $'{"name":"it\'s","tags":["a"],"note":"é\\n\u0021"}'"""
CHROME_CMD = r"""curl ^"https://shop.example/api/exports?page=1^&sort=^%^2Ddate^" ^
  -X ^"PUT^" ^
  -H ^"accept: application/json, text/plain, */*^" ^
  -H ^"authorization: Bearer eyJhbGciOi.s3cret^" ^
  -H ^"content-type: application/json^" ^
  -b ^"session=abc123; theme=dark^" ^
  -H ^"sec-ch-ua: ^\^"Chromium^\^";v=^\^"140^\^"^" ^
  --data-raw ^"^{^\^"name^\^":^\^"it's^\^",^\^"tags^\^":^[^\^"a^\^"^]^}^" """
FIREFOX = r"""curl 'https://shop.example/api/exports' \
  --compressed \
  -X POST \
  -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0' \
  -H 'Accept: */*' \
  -H 'Accept-Language: en-GB,en;q=0.5' \
  -H 'Accept-Encoding: gzip, deflate, br, zstd' \
  -H 'Content-Type: application/x-www-form-urlencoded; charset=UTF-8' \
  -H 'Connection: keep-alive' \
  -H 'Cookie: session=abc123' \
  -H 'TE: trailers' \
  --data-raw 'from=2026-01-01&to=2026-01-31'"""
SAFARI = r"""curl 'https://shop.example/api/exports' \
-X 'GET' \
-H 'Accept: text/html,application/xhtml+xml' \
-H 'Cookie: session=abc123' \
-H 'Host: shop.example' \
-H 'User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15' \
-H 'Accept-Encoding: gzip, deflate, br' \
-H 'Connection: keep-alive'"""
CHROME_MULTIPART = (
    r"curl 'https://shop.example/upload' -H 'content-type: multipart/form-data; boundary=----B' "
    r"--data-raw $'------B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n------B--\r\n'"
)


def fields(command: str) -> dict[str, str]:
    return dict(read_paste(command).fields)


def headers(command: str) -> dict[str, str]:
    lines = fields(command)["headers"].splitlines()
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}


def test_what_chrome_copies_for_bash() -> None:
    found = fields(CHROME_BASH)

    assert found["urls"] == "https://shop.example/api/exports?page=1&sort=%2Ddate"
    assert found["method"] == "PUT"
    assert found["body"] == '{"name":"it\'s","tags":["a"],"note":"é\\n!"}'
    assert headers(CHROME_BASH) == {
        "accept": "application/json, text/plain, */*",
        "accept-language": "en-GB,en;q=0.9",
        "authorization": "Bearer eyJhbGciOi.s3cret",
        "content-type": "application/json",
        "Cookie": "session=abc123; theme=dark",
        "origin": "https://shop.example",
        "priority": "u=1, i",
        "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0",
    }


def test_what_chrome_copies_for_cmd() -> None:
    found = fields(CHROME_CMD)

    assert found["urls"] == "https://shop.example/api/exports?page=1&sort=%2Ddate"
    assert (found["method"], found["body"]) == ("PUT", '{"name":"it\'s","tags":["a"]}')
    assert headers(CHROME_CMD)["sec-ch-ua"] == '"Chromium";v="140"'
    assert headers(CHROME_CMD)["Cookie"] == "session=abc123; theme=dark"


def test_what_firefox_copies_and_what_of_it_is_left_out() -> None:
    paste = read_paste(FIREFOX)

    assert (paste.fields["method"], paste.fields["body"]) == ("POST", "from=2026-01-01&to=2026-01-31")
    assert not {"Accept-Encoding", "Connection", "TE"} & headers(FIREFOX).keys()
    assert paste.notes[1] == "Left out, because Tilldone sets them itself: accept-encoding, connection, te."


def test_what_safari_copies() -> None:
    assert fields(SAFARI)["method"] == "GET"
    assert "Host" not in headers(SAFARI) and headers(SAFARI)["Cookie"] == "session=abc123"


def test_a_body_with_the_line_breaks_of_multipart_keeps_them() -> None:
    paste = read_paste(CHROME_MULTIPART)

    assert paste.fields["body_breaks"] == "crlf" and "\r" not in paste.fields["body"]
    assert any("CR LF" in note for note in paste.notes)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("curl https://a.example/", {"urls": "https://a.example/", "method": "GET", "headers": "", "body": ""}),
        ("$ curl a.example", {"urls": "http://a.example"}),
        ("curl https://a.example/#top", {"urls": "https://a.example/"}),
        ("curl --url https://a.example/ https://b.example/", {"urls": "https://a.example/\nhttps://b.example/"}),
        ("curl -I https://a.example/", {"method": "HEAD"}),
        ("curl -sSLkX DELETE https://a.example/".replace("k", ""), {"method": "DELETE"}),
        ("curl -XPATCH https://a.example/", {"method": "PATCH"}),
        ("curl --request options https://a.example/", {"method": "OPTIONS"}),
        ("curl -d a=1 -d b=2 https://a.example/", {
            "method": "POST", "body": "a=1&b=2", "headers": "Content-Type: application/x-www-form-urlencoded"}),
        ("curl --json '{\"a\":1}' https://a.example/", {
            "body": '{"a":1}', "method": "POST",
            "headers": "Content-Type: application/json\nAccept: application/json"}),
        ("curl --json '{}' -H 'content-type: text/x' -H 'accept: b/c' https://a.example/", {
            "headers": "content-type: text/x\naccept: b/c"}),
        ("curl --data-raw '@me' https://a.example/", {"body": "@me"}),
        ("curl --data-binary 'a\nb' https://a.example/", {"body": "a\nb"}),
        ("curl --data-urlencode 'q=a b&c' --data-urlencode '=x y' --data-urlencode 'é' https://a.example/", {
            "body": "q=a%20b%26c&x%20y&%C3%A9"}),
        ("curl -G -d a=1 --data-urlencode 'b= ' https://a.example/?c=3", {
            "urls": "https://a.example/?c=3&a=1&b=%20", "method": "GET", "body": "", "headers": ""}),
        ("curl -u user:pass https://a.example/", {"headers": "Authorization: Basic dXNlcjpwYXNz"}),
        ("curl https://us%40er:pass@a.example:8443/x", {
            "urls": "https://a.example:8443/x", "headers": "Authorization: Basic dXNAZXI6cGFzcw=="}),
        ("curl --oauth2-bearer tok https://a.example/", {"headers": "Authorization: Bearer tok"}),
        ("curl -A me -e https://b.example/ -b a=1 -b b=2 -r 0-99 https://a.example/", {
            "headers": "User-Agent: me\nReferer: https://b.example/\nCookie: a=1; b=2\nRange: bytes=0-99"}),
        ("curl -H 'X-A: 1' -H 'x-a: 2' -H 'Empty;' -H 'Accept:' https://a.example/", {"headers": "X-A: 1, 2\nEmpty: "}),
        ("curl -m 20 --connect-timeout 2.5 --retry 4 --retry-delay 3 --retry-max-time 60 https://a.example/", {
            "attempt_timeout": "20", "connect_timeout": "2.5", "max_attempts": "5", "initial_interval": "3",
            "deadline": "60"}),
        ("curl --compressed -fsSL --http2 -o out.json -w '%{http_code}' --no-keepalive https://a.example/", {
            "urls": "https://a.example/", "headers": ""}),
        ("curl -g 'https://a.example/[1-3]'", {"urls": "https://a.example/[1-3]"}),
        ("curl -- https://a.example/", {"urls": "https://a.example/"}),
        ("curl -H ':authority: a.example' -H ':path: /' https://a.example/", {"headers": ""}),
    ],
)  # fmt: skip
def test_what_people_write(command: str, expected: dict[str, str]) -> None:
    found = fields(command)

    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("curl -k https://a.example/", "--insecure, and Tilldone always checks certificates"),
        ("curl --insecure https://a.example/", "--insecure"),
        ("curl -x http://proxy:3128 https://a.example/", "--proxy, and Tilldone goes to the target itself"),
        ("curl --socks5 proxy https://a.example/", "--socks5"),
        ("curl -F a=@s3cret https://a.example/", "--form, and Tilldone makes no multipart forms"),
        ("curl -T s3cret https://a.example/", "--upload-file"),
        ("curl -d @s3cret https://a.example/", "reads its body from a file"),
        ("curl --json @s3cret https://a.example/", "reads its body from a file"),
        ("curl --data-urlencode a@s3cret https://a.example/", "reads its body from a file"),
        ("curl -H @s3cret https://a.example/", "reads headers from a file"),
        ("curl -b s3cret.txt https://a.example/", "reads cookies from a file"),
        ("curl -K s3cret https://a.example/", "--config"),
        ("curl -n https://a.example/", "--netrc"),
        ("curl -u s3cret https://a.example/", "without a password"),
        ("curl --cert s3cret https://a.example/", "--cert, and Tilldone has no client certificates"),
        ("curl --resolve a:1:s3cret https://a.example/", "--resolve"),
        ("curl --digest -u a:s3cret https://a.example/", "--digest"),
        ("curl -H 'Host: b.example' https://a.example/", "another host"),
        ("curl -H 's3cret' https://a.example/", "a header without a colon"),
        ("curl -H $'A: s3cret\\r\\nB: c' https://a.example/", "a line break in its address or in a header"),
        ("curl --s3cret'x y' https://a.example/", "not known here, --…"),
        ("curl --unheard-of https://a.example/", "not known here, --unheard-of"),
        ("curl -X S3CRET https://a.example/", "a method that is not known here"),
        ("curl https://a.example/ -H", "ends after --header"),
        ("curl -s", "without an address"),
        ("curl", "without an address"),
        ("curl 'https://a.example/[1-100]'", "a range or a list"),
        ("curl 'https://a.example/{s3cret,b}'", "a range or a list"),
        ("curl https://a.example/?a=1&b=s3cret", "no curl command"),
        ("curl https://a.example/\nhttps://b.example/", "no curl command"),
        ("curl --data-raw $'a\\r\\nb\\nc' https://a.example/", "line breaks of several kinds"),
        ("curl --data-raw $'a\\0s3cret' https://a.example/", "holds what is no text"),
        ("curl --data-raw $'\\ud800' https://a.example/", "holds what is no text"),
        ("curl -d " + "a" * (1024 * 1024 + 1) + " https://a.example/", "a body of more than 1024 KiB"),
        ("curl -d '" + "a" * 4 * 1024 * 1024 + "' https://a.example/", "longer than 4 MiB"),
        ("Invoke-WebRequest -UseBasicParsing -Uri https://a.example/", "a command of another kind"),
        ('fetch("https://a.example/", {})', "a command of another kind"),
    ],
)
def test_what_tilldone_cannot_do_is_refused_with_the_reason_and_no_secret_is_repeated(
    command: str, problem: str
) -> None:
    assert is_curl(command)
    with pytest.raises(InvalidField) as error:
        read_paste(command)

    assert error.value.field == "urls" and problem in error.value.problem and error.value.cure
    assert "s3cret" not in str(error.value).lower()


@pytest.mark.parametrize("text", ["", " \n;; "])
def test_where_there_is_no_command_it_says_so(text: str) -> None:
    with pytest.raises(InvalidField, match="holds no command"):
        read_paste(text)


def test_commands_that_differ_in_their_addresses_alone_are_one_batch() -> None:
    paste = read_paste("curl https://a.example/ -H 'A: b';\ncurl https://b.example/ -H 'A: b'")

    assert paste.fields["urls"] == "https://a.example/\nhttps://b.example/" and paste.fields["headers"] == "A: b"
    assert paste.notes[0] == "Filled in from 2 curl commands: look it over, then press Scan."
    assert fields("curl https://a.example/ --next https://b.example/")["urls"].count("\n") == 1


@pytest.mark.parametrize(
    ("other", "part"),
    [
        ("-H 'A: s3cret'", "headers"),
        ("-X PUT", "methods"),
        ("-H 'A: b' -m 5", "waits"),
        ("-G -d a=s3cret -b a=b", "headers"),
    ],
)
def test_commands_that_differ_in_more_are_told_apart(other: str, part: str) -> None:
    first = "-H 'A: b'" if part == "waits" else ""

    with pytest.raises(InvalidField) as error:
        read_paste(f"curl https://a.example/ {first}\ncurl https://b.example/ {other}")

    assert error.value.problem == f"holds 2 commands that differ in their {part}"


@pytest.mark.parametrize("text", ["https://a.example/", "curly.example", "", "https://curl.example/curl "])
def test_addresses_are_no_commands(text: str) -> None:
    assert not is_curl(text)


def test_what_tilldone_copies_is_refused_until_the_secret_is_put_in() -> None:
    copied = curl_command(method="GET", url="https://a.example/?a='1'", header_names=["X-Token"], has_body=False)

    with pytest.raises(InvalidField) as error:
        read_paste(copied)
    assert "names $X_TOKEN" in error.value.problem
    assert fields(copied.replace("$X_TOKEN", "t"))["headers"] == "X-Token: t"


@given(
    st.lists(st.sampled_from([*"-XHdukGI#'\"$^;\n ", "--", "https://a.example/", "a: b", "@x", "curl "]), max_size=30)
)
def test_no_command_breaks_it(parts: list[str]) -> None:
    try:
        read_paste("curl " + "".join(parts))
    except InvalidField:
        pass
