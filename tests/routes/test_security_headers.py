"""What every answer tells the browser, whatever was asked; and which names and sites are listened to."""

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import running_app
from tests.factories import GOOD, a_claim, a_scan, settle
from tests.routes.test_gate import doors
from tests.sign_in import an_admin
from webapp.routes.ways_back import safe_way_back
from webapp.settings import Settings

URL = "https://target.example/"


def policy_of(answer: TestResponse) -> dict[str, str]:
    parts = (part.partition(" ") for part in answer.headers["Content-Security-Policy"].split("; "))
    return {name: value for name, _, value in parts}


def assert_safe(answer: TestResponse, what: object) -> None:
    policy = policy_of(answer)
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'", what
    assert not any("unsafe" in value or "*" in value or "http" in value for value in policy.values()), what
    assert answer.headers["X-Content-Type-Options"] == "nosniff", what
    assert answer.headers["X-Frame-Options"] == "DENY", what
    assert answer.headers["Referrer-Policy"] == "same-origin", what
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", what
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", what
    assert "camera=()" in answer.headers["Permissions-Policy"], what
    assert not any(name.startswith("Access-Control-") for name in answer.headers.keys()), what
    if not str(what).startswith("/static/"):
        assert "no-store" in answer.headers["Cache-Control"], what


def test_every_route_answers_with_all_headers_whatever_it_answers(app: Flask, client: FlaskClient) -> None:
    for door in doors(app):
        answer = client.open(door.path, method=door.method, buffered=False)
        assert_safe(answer, door.path)
        answer.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/static/css/base.css", 200),
        ("GET", "/static/nothing.css", 404),
        ("GET", "/no/such/page", 404),
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/", 405),
        ("TRACE", "/", 405),
        ("GET", "/?state=nonsense", 400),
        ("POST", "/scans", 422),
        ("GET", "/api/v1/events?scan=nonsense", 400),
    ],
)
def test_errors_and_files_answer_with_all_headers_too(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method)

    assert answer.status_code == status
    assert_safe(answer, path)


def test_a_view_that_fails_answers_with_all_headers_and_tells_nothing(app: Flask, client: FlaskClient) -> None:
    def fail() -> str:
        raise RuntimeError("canary-4711")

    app.view_functions["pages.workers.show"] = fail

    answer = client.get("/workers")

    assert answer.status_code == 500 and "canary-4711" not in answer.text
    assert_safe(answer, "/workers")


def test_strangers_are_turned_away_with_all_headers(anonymous_client: FlaskClient) -> None:
    for path in ("/", "/login", "/api/v1/scans", "/nothing", "/setup", "/invite?t=x"):
        assert_safe(anonymous_client.get(path), path)


def test_over_https_browsers_are_told_to_stay_there(anonymous_client: FlaskClient) -> None:
    name = "Strict-Transport-Security"

    assert anonymous_client.get("/login", base_url="https://localhost").headers[name] == (
        "max-age=31536000; includeSubDomains"
    )
    assert name not in anonymous_client.get("/login").headers


def test_no_page_has_a_line_of_code_in_it(client: FlaskClient) -> None:
    for path in ("/", "/workers", "/users", "/tokens", "/account", f"/scans/{a_scan()}"):
        page = client.get(path).text
        assert "<style" not in page and " style=" not in page and " onclick=" not in page and "javascript:" not in page
        for tag in page.split("<script")[1:]:
            assert " src=" in tag.split(">")[0] or 'type="application/json"' in tag.split(">")[0], path


def test_a_stored_answer_is_a_file_in_a_sandbox(client: FlaskClient) -> None:
    hostile = dataclasses.replace(GOOD, content_type="text/html", body=b"<script>alert(1)</script>", json={"a": 1})
    scan_id = a_scan()
    settle(a_claim(scan_id), hostile)

    for path in (f"/scans/{scan_id}/answer", f"/api/v1/scans/{scan_id}/answer"):
        answer = client.get(path)
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert answer.mimetype in ("application/json", "text/plain")
        assert_safe(answer, path)
    assert client.get(f"/scans/{scan_id}/answer").headers["Content-Disposition"].startswith("attachment")


# Names


def test_a_name_that_is_not_ours_is_refused_but_for_health(client: FlaskClient) -> None:
    for name in ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.7", "[2001:db8::1]", "[::1"):
        answer = client.get("/login", headers={"Host": name})
        assert answer.status_code == 400, name
        assert name not in answer.text
        assert client.get("/healthz", headers={"Host": name}).status_code == 200


@pytest.mark.parametrize("name", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
def test_this_machine_is_known_by_its_own_names(client: FlaskClient, name: str) -> None:
    assert client.get("/login", headers={"Host": name}).status_code in (200, 302)


@pytest.fixture
def behind_a_router(settings: Settings) -> Iterator[Flask]:
    hosts = ("tilldone.example.com", ".apps.example")
    yield from running_app(dataclasses.replace(settings, host="0.0.0.0", trusted_hosts=hosts, trusted_proxies=1))


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("tilldone.example.com", 200),
        ("tilldone.example.com:443", 200),
        ("a.apps.example", 200),
        ("apps.example", 200),
        ("evilapps.example", 400),
        ("tilldone.example.com.evil.example", 400),
        ("localhost", 400),
        ("10.0.0.1", 400),
        ("", 400),
    ],
)
def test_where_names_are_listed_no_other_is_ours(behind_a_router: Flask, name: str, status: int) -> None:
    an_admin()

    assert behind_a_router.test_client().get("/login", headers={"Host": name}).status_code == status


def seen_through(app: Flask, **headers: str) -> tuple[str | None, str, str]:
    """Address, scheme and host as the app takes them."""
    app.view_functions["health.live"] = lambda: f"{request.remote_addr} {request.scheme} {request.host}"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = app.test_client().get("/healthz", headers=given, environ_overrides={"REMOTE_ADDR": "10.9.9.9"})
    address, scheme, host = answer.text.split()
    return address, scheme, host


SPOOFED = {
    "X_Forwarded_For": "6.6.6.6, 203.0.113.7",
    "X_Forwarded_Proto": "https",
    "X_Forwarded_Host": "evil.example",
    "X_Forwarded_Prefix": "/evil",
    "Forwarded": "for=6.6.6.6;host=evil.example;proto=https",
    "X_Real_IP": "6.6.6.6",
}


def test_without_a_proxy_no_header_changes_who_asks(app: Flask) -> None:
    assert seen_through(app, **SPOOFED) == ("10.9.9.9", "http", "localhost")


def test_of_one_proxy_only_what_it_added_itself_counts(behind_a_router: Flask) -> None:
    """What the visitor wrote into X-Forwarded-For stands to the left of it."""
    assert seen_through(behind_a_router, **SPOOFED) == ("203.0.113.7", "https", "localhost")


# Other sites


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Origin": "https://evil.example"},
    ],
)
def test_another_site_can_neither_read_nor_frame_nor_stream(client: FlaskClient, headers: dict[str, str]) -> None:
    for path in ("/", "/api/v1/scans", "/api/v1/events", "/partials/counts"):
        assert client.get(path, headers=headers).status_code == 403, path


def test_a_link_from_elsewhere_may_be_followed(client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

    assert client.get(f"/scans/{a_scan()}", headers=headers).status_code == 200
    assert client.post("/scans", data={"urls": URL}, headers=headers).status_code == 403


# Ways back


@pytest.mark.parametrize("path", ["/", "/workers", "/scans/1?a=b&c=/d", "/?q=https://a.example//b", "/ä"])
def test_after_the_sign_in_people_go_where_they_wanted_to(app: Flask, path: str) -> None:
    with app.test_request_context():
        assert safe_way_back(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/" + "x" * 3000,
        "/\r\nSet-Cookie: session=x",
        "http:///evil.example",
        "/\x00",
        "",
        None,
    ],
)
def test_nobody_is_sent_to_another_site(app: Flask, path: str | None) -> None:
    with app.test_request_context():
        assert safe_way_back(path) == "/"


def test_who_is_signed_in_is_not_sent_away_either(client: FlaskClient) -> None:
    assert client.get("/login?next=//evil.example").headers["Location"] == "/"
