"""Signing in and out, as a browser sees it."""

import dataclasses
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.conftest import OutsideClient, running_app
from tests.sign_in import PASSWORD, PASSWORD_HASH, a_user, an_admin, signed_in
from webapp.auth import links, passwords, sessions, users
from webapp.auth.models import Link, Purpose, Session
from webapp.auth.rights import Role
from webapp.auth.secret import fingerprint
from webapp.database import db
from webapp.settings import Settings


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making one takes a fifth of a second, and is tested beside the passwords; what is compared here is a real one."""
    monkeypatch.setattr(passwords, "hash_password", lambda password: PASSWORD_HASH)


def token_on(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD, **more: Any) -> TestResponse:
    """Through the form, with the token that it came with."""
    form = {"name": name, "password": password, "csrf_token": token_on(client.get("/login")), **more}
    return client.post("/login", data=form)


def cookie(answer: TestResponse, name: str) -> str:
    return next((each for each in answer.headers.getlist("Set-Cookie") if each.startswith(f"{name}=")), "")


def test_who_knows_their_password_is_in_and_goes_where_they_wanted_to(anonymous_client: FlaskClient) -> None:
    a_user("ada")

    answer = sign_in(anonymous_client, " Ada ", next="/workers?a=b")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/workers?a=b")
    assert anonymous_client.get("/").status_code == 200
    assert anonymous_client.get("/login?next=/workers").headers["Location"] == "/workers"


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong wrong"), ("nobody", PASSWORD), ("", ""), ("\0", "\0")])
def test_a_wrong_password_and_an_unknown_name_are_told_alike(
    anonymous_client: FlaskClient, name: str, password: str
) -> None:
    a_user("ada")

    answer = sign_in(anonymous_client, name, password)

    assert answer.status_code == 401
    assert "That name and password do not go together." in answer.text
    assert not cookie(answer, "session")


def test_each_sign_in_has_a_session_of_its_own_and_the_one_before_is_over(
    app: Flask, anonymous_client: FlaskClient
) -> None:
    """Whoever planted a session in the browser, or a page's token, holds nothing afterwards."""
    planted = sessions.open_session(a_user("eve"))
    a_user("ada")
    anonymous_client.set_cookie("session", planted)
    with anonymous_client.session_transaction() as page:
        page["csrf_token"] = "planted"
    form = {"name": "ada", "password": PASSWORD, "csrf_token": token_on(anonymous_client.get("/account"))}
    page_token = form["csrf_token"]

    answer = anonymous_client.post("/login", data=form)

    assert answer.status_code == 303
    assert planted not in cookie(answer, "session") and sessions.find_visitor(planted) is None
    assert anonymous_client.post("/logout", data={"csrf_token": page_token}).status_code == 400


def test_a_made_up_cookie_is_not_taken_over(anonymous_client: FlaskClient) -> None:
    a_user("ada")
    anonymous_client.set_cookie("session", "chosen by somebody else")

    answer = sign_in(anonymous_client, "ada")

    assert "chosen" not in cookie(answer, "session")
    assert fingerprint("chosen by somebody else") not in db.session.scalars(select(Session.fingerprint)).all()


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(anonymous_client: FlaskClient) -> None:
    a_user("ada")

    plain = cookie(sign_in(anonymous_client, "ada"), "session")

    assert re.fullmatch(r"session=[\w-]{43}; Expires=[^;]+; Max-Age=1209600; HttpOnly; Path=/; SameSite=Lax", plain)


def test_over_https_the_cookies_are_for_this_host_and_https_alone(app: Flask, anonymous_client: FlaskClient) -> None:
    secret = links.create_link(Purpose.LOGIN, a_user("ada"))

    answer = anonymous_client.get(f"/login?t={secret}", base_url="https://localhost")
    shown = app.test_client().get("/login", base_url="https://localhost")

    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie(answer, "__Host-session").split("; "))
    assert "Domain" not in cookie(answer, "__Host-session")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie(shown, "__Host-page").split("; "))
    plain = app.test_client()
    plain.set_cookie("session", sessions.open_session(an_admin()))
    assert plain.get("/api/v1/scans", base_url="https://localhost").status_code == 401


def test_a_password_is_not_taken_where_others_could_read_it(app: Flask, anonymous_client: FlaskClient) -> None:
    settings = app.extensions["tilldone.settings"]
    object.__setattr__(settings, "trusted_hosts", ("tilldone.lan",))
    a_user("ada")
    form = {"name": "ada", "password": PASSWORD, "csrf_token": ""}
    form["csrf_token"] = token_on(anonymous_client.get("/login", base_url="http://tilldone.lan"))

    refused = anonymous_client.post("/login", data=form, base_url="http://tilldone.lan")
    object.__setattr__(settings, "is_http_allowed", True)
    allowed = anonymous_client.post("/login", data=form, base_url="http://tilldone.lan")

    assert refused.status_code == 403 and "Signing in needs https here" in refused.text
    assert allowed.status_code == 303


def test_a_link_signs_in_once_and_a_look_at_it_spends_nothing(app: Flask, anonymous_client: FlaskClient) -> None:
    secret = links.create_link(Purpose.LOGIN, a_user("ada"))
    anonymous_client.head(f"/login?t={secret}")

    first = anonymous_client.get(f"/login?t={secret}")
    again = anonymous_client.get(f"/login?t={secret}")
    elsewhere = app.test_client().get(f"/login?t={secret}")

    assert (first.status_code, first.headers["Location"]) == (303, "/")
    assert (again.status_code, again.headers["Location"]) == (302, "/")
    assert elsewhere.status_code == 401
    assert "used already, or is too old" in elsewhere.text and "tilldone login-link" in elsewhere.text


def test_signing_out_ends_the_session_on_the_server(client: FlaskClient) -> None:
    kept = client.get_cookie("session")
    assert kept is not None

    answer = client.post("/logout")

    assert answer.headers["Location"] == "/login" and "Max-Age=0" in cookie(answer, "session")
    client.set_cookie("session", kept.value)
    assert client.get("/").headers["Location"] == "/login"


def test_signing_out_everywhere_ends_all_of_ones_sessions_and_nobody_elses(app: Flask, client: FlaskClient) -> None:
    others = [app.test_client() for _ in range(2)]
    for other in others:
        other.set_cookie("session", sessions.open_session(an_admin()))
    ada = app.test_client()
    ada.set_cookie("session", sessions.open_session(a_user("ada")))

    client.post("/logout/everywhere")

    assert [each.get("/").status_code for each in (*others, ada)] == [303, 303, 200]


# Forms and fetches


def test_a_form_without_the_pages_token_does_nothing(app: Flask, client: FlaskClient) -> None:
    del client.environ_base["HTTP_X_CSRFTOKEN"]

    for path, body in (("/scans", {"urls": "https://a.example"}), ("/users", {"name": "x", "role": "admin"})):
        assert client.post(path, data=body).status_code == 400
        assert client.post(path, data=body | {"csrf_token": "made up"}).status_code == 400
    assert client.post("/api/v1/scans", json={"url": "https://a.example"}).status_code == 400
    assert users.find_user("x") is None


def test_the_token_of_another_browser_is_none(app: Flask, client: FlaskClient) -> None:
    other = signed_in(app, app.test_client(), a_user("eve", Role.VIEWER))

    answer = client.post("/logout", headers={"X-CSRFToken": other.environ_base["HTTP_X_CSRFTOKEN"]})

    assert answer.status_code == 400


def test_a_stranger_cannot_be_signed_in_by_another_site(anonymous_client: FlaskClient) -> None:
    a_user("ada")

    assert anonymous_client.post("/login", data={"name": "ada", "password": PASSWORD}).status_code == 400
    form = {"name": "ada", "password": PASSWORD, "csrf_token": token_on(anonymous_client.get("/login"))}
    headers = {"Origin": "https://evil.example"}
    assert anonymous_client.post("/login", data=form, headers=headers).status_code == 403


def test_every_form_that_posts_carries_the_token(client: FlaskClient) -> None:
    for path in ("/", "/users", "/tokens", "/account"):
        page = client.get(path).text
        forms = re.findall(r'<form\b[^>]*method="post"[^>]*>\s*<input type="hidden" name="csrf_token"', page)
        assert len(forms) == len(re.findall(r'<form\b[^>]*method="post"', page, re.I)) > 0, path


def test_a_stranger_may_send_little(anonymous_client: FlaskClient) -> None:
    assert anonymous_client.post("/login", data={"name": "x" * 100_000}).status_code == 413


# Guessing


def guess(client: FlaskClient, name: str, address: str = "10.0.0.1", password: str = "wrong wrong wrong") -> int:
    form = {"name": name, "password": password}
    headers = {"X-CSRFToken": client.environ_base["HTTP_X_CSRFTOKEN"]}
    answer = client.post("/login", data=form, headers=headers, environ_overrides={"REMOTE_ADDR": address})
    if answer.status_code == 429:
        assert int(answer.headers["Retry-After"]) >= 60
    return answer.status_code


@pytest.fixture
def guesser(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    return a_guesser(app, monkeypatch)


def a_guesser(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A stranger's browser with a page's token; no password is looked at, which would take the time of the test."""
    an_admin()
    monkeypatch.setattr(passwords, "matches", lambda password, password_hash: False)
    app.test_client_class = OutsideClient
    client = app.test_client()
    client.environ_base["HTTP_X_CSRFTOKEN"] = token_on(client.get("/login"))
    return client


def test_one_name_is_guessed_at_five_times_a_minute_from_wherever(guesser: FlaskClient) -> None:
    statuses = [guess(guesser, " AdmiN", f"10.0.0.{number}") for number in range(7)]

    assert statuses == [401] * 5 + [429] * 2
    assert guess(guesser, "nobody", "10.0.1.1") == 401


def test_one_address_guesses_ten_times_a_minute_whatever_the_names(guesser: FlaskClient) -> None:
    statuses = [guess(guesser, f"name{number}") for number in range(11)]
    of_a_house = [guess(guesser, f"other{number}", f"2001:db8::{number:x}:1") for number in range(11)]

    assert statuses == of_a_house == [401] * 10 + [429]


def test_who_is_throttled_is_told_so_before_any_password_is_looked_at(
    guesser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        guess(guesser, "ada")
    looked_at: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda password, password_hash: bool(looked_at.append(password)))

    assert guess(guesser, "ada", "10.0.0.2", PASSWORD) == 429
    assert looked_at == []


def test_a_redis_that_is_away_does_not_open_the_door(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = f"{settings.home}/nowhere.sock"
    settings = dataclasses.replace(settings, redis_url=f"unix://{nowhere}", broker_url=f"redis+socket://{nowhere}")
    for app in running_app(settings):
        guesser = a_guesser(app, monkeypatch)

        statuses = [guess(guesser, "ada", f"10.0.0.{number}") for number in range(7)]

        assert statuses == [401] * 5 + [429] * 2


# Setting up


@pytest.fixture
def fresh(app: Flask) -> FlaskClient:
    """A browser at a Tilldone that nobody has set up."""
    app.test_client_class = OutsideClient
    return app.test_client()


def test_until_somebody_set_it_up_all_but_health_and_setup_is_closed(
    fresh: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("/", "/login", "/api/v1/scans", "/invite", "/sample/flaky/x", "/workers"):
        answer = fresh.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30"), path
    assert fresh.get("/healthz").status_code == fresh.get("/static/css/base.css").status_code == 200
    assert "look for" in fresh.get("/setup").text
    assert len(db.session.scalars(select(Link)).all()) == 1, "strangers have one link an hour printed"
    printed = capsys.readouterr().err
    assert printed.count("/setup?t=") == 1 and "localhost" not in printed


def test_whoever_reads_the_log_becomes_the_admin_once(
    app: Flask, fresh: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh.get("/")
    found = re.search(r"/setup\?t=([\w-]+)", capsys.readouterr().err)
    assert found is not None
    form = {"t": found[1], "name": "Ada", "password": PASSWORD, "again": PASSWORD}
    page = fresh.get(f"/setup?t={found[1]}")
    headers = {"X-CSRFToken": token_on(page)}

    weak = fresh.post("/setup", data=form | {"password": "short", "again": "short"}, headers=headers)
    unlike = fresh.post("/setup", data=form | {"again": "something else"}, headers=headers)
    done = fresh.post("/setup", data=form, headers=headers)

    assert weak.status_code == unlike.status_code == 422
    assert "12 characters" in weak.text and "not the same" in unlike.text
    assert done.headers["Location"] == "/" and fresh.get("/").status_code == 200
    ada = users.find_user("ada")
    assert ada is not None and ada.role is Role.ADMIN
    late = app.test_client()
    assert late.get(f"/setup?t={found[1]}").headers["Location"] == "/login"


def test_a_made_up_setup_link_makes_nobody_an_admin(fresh: FlaskClient) -> None:
    headers = {"X-CSRFToken": "".join(re.findall(r'csrf-token" content="([^"]+)', fresh.get("/setup?t=guess").text))}
    form = {"t": "guess", "name": "eve", "password": PASSWORD, "again": PASSWORD}

    assert fresh.post("/setup", data=form, headers=headers).status_code == 403
    assert users.list_users() == []


# Users and tokens


def test_an_invitation_lets_somebody_choose_a_password(app: Flask, client: FlaskClient) -> None:
    made = client.post("/users", data={"name": "grace@example.com", "role": "viewer"})
    link = re.search(r"http://localhost(/invite\?t=[\w-]+)", made.text)
    assert made.status_code == 201 and link is not None
    grace = app.test_client()
    page = grace.get(link[1])
    assert "grace@example.com" in page.text
    form = {"t": link[1].split("=")[1], "password": PASSWORD, "again": PASSWORD, "csrf_token": token_on(page)}

    assert grace.post("/invite", data=form).headers["Location"] == "/"
    assert "You are a viewer" in grace.get("/").text
    spent = app.test_client().get(link[1])
    assert spent.status_code == 403 and "Ask an admin for another one." in spent.text


def test_the_last_admin_is_told_why_they_must_stay(client: FlaskClient) -> None:
    admin = an_admin()

    for path, form in (("disable", {}), ("role", {"role": "viewer"})):
        answer = client.post(f"/users/{admin}/{path}", data=form)
        assert answer.status_code == 409 and "This is the last admin" in answer.text
    assert client.post(f"/users/{admin}/role", data={"role": "king"}).status_code == 422


def test_a_token_is_shown_once_and_people_see_their_own(app: Flask, client: FlaskClient) -> None:
    ada = signed_in(app, app.test_client(), a_user("ada"))
    made = ada.post("/tokens", data={"name": "ci", "scope": "submit", "life": "30"})
    token = re.search(r"tilldone_\w{49}", made.text)
    assert token is not None and made.headers["Cache-Control"] == "no-store"

    assert token[0] not in ada.get("/tokens").text and token[0][:13] in ada.get("/tokens").text
    assert token[0][:13] in client.get("/tokens").text
    bob = signed_in(app, app.test_client(), a_user("bob"))
    assert token[0][:13] not in bob.get("/tokens").text
    (revoke,) = re.findall(r'action="(/tokens/[\w-]+/revoke)"', ada.get("/tokens").text)
    assert bob.post(revoke).status_code == 404
    assert ada.post(revoke).headers["Location"] == "/tokens"
    assert app.test_client().get("/api/v1/scans", headers={"Authorization": f"Bearer {token[0]}"}).status_code == 401


def test_nobody_makes_a_token_that_may_more_than_they_do(app: Flask, anonymous_client: FlaskClient) -> None:
    ada = signed_in(app, anonymous_client, a_user("ada"))

    for form in ({"scope": "admin"}, {"scope": "king"}, {"life": "10000"}, {"name": " "}):
        answer = ada.post("/tokens", data={"name": "ci", "scope": "submit", "life": "30", **form})
        assert answer.status_code == 422, form


def test_a_password_is_changed_by_who_knows_the_old_one(app: Flask, anonymous_client: FlaskClient) -> None:
    user_id = a_user("ada")
    ada, elsewhere = signed_in(app, anonymous_client, user_id), app.test_client()
    elsewhere.set_cookie("session", sessions.open_session(user_id))
    new = {"password": "another good password", "again": "another good password"}

    assert ada.post("/account/password", data=new | {"old": "wrong"}).status_code == 401
    assert ada.post("/account/password", data=new | {"old": PASSWORD}).headers["Location"] == "/account"

    assert ada.get("/").status_code == 200 and elsewhere.get("/").status_code == 303


def test_a_session_that_somebody_closed_leads_back_to_the_page_after_the_sign_in(client: FlaskClient) -> None:
    sessions.close_all(an_admin())

    assert client.get("/tokens").headers["Location"] == "/login?next=/tokens"
