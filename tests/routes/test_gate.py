"""Nobody comes in uninvited: every route, every role, every scope."""

import uuid
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import a_scan, row
from tests.sign_in import bearer, signed_in
from webapp.auth import sessions, tokens, users
from webapp.auth.rights import Role, Scope

#: All that a stranger may ask for; a new public route is added here by hand, after some thought.
PUBLIC = {
    "static",
    "health.live",
    "health.ready",
    "sample.flaky",
    "sign_in.form",
    "sign_in.by_password",
    "setup.form",
    "setup.become_admin",
    "invitation.form",
    "invitation.accept",
}
SOME_ID = uuid.UUID(int=7)
URL = "https://target.example/"


class Door(NamedTuple):
    endpoint: str
    method: str
    path: str


def doors(app: Flask) -> Iterator[Door]:
    """Every route with each of its methods."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values = {name: "x" if name in ("filename", "token") else SOME_ID for name in rule.arguments}
        for method in (rule.methods or set()) - {"OPTIONS"}:
            yield Door(rule.endpoint, method, adapter.build(rule.endpoint, values, method=method))


def test_every_route_that_is_not_on_the_short_list_turns_strangers_away(
    app: Flask, anonymous_client: FlaskClient
) -> None:
    walked = list(doors(app))

    for door in walked:
        answer = anonymous_client.open(door.path, method=door.method)
        is_led_away = answer.status_code == 303 and answer.headers["Location"].startswith("/login?next=")
        is_led_away |= door.path == "/" and answer.headers["Location"] == "/login"
        assert (answer.status_code == 401 or is_led_away) == (door.endpoint not in PUBLIC), door
    assert PUBLIC <= {door.endpoint for door in walked}


def test_what_is_not_there_is_not_told_from_what_is(anonymous_client: FlaskClient) -> None:
    assert anonymous_client.get("/no/such/page").headers["Location"] == "/login?next=/no/such/page"
    assert anonymous_client.get("/api/v1/nothing").status_code == 401


def test_pages_lead_to_the_sign_in_and_back_and_all_else_is_refused(anonymous_client: FlaskClient) -> None:
    assert anonymous_client.get("/workers?a=b").headers["Location"] == "/login?next=/workers?a%3Db"
    assert anonymous_client.get("/").headers["Location"] == "/login"
    assert anonymous_client.get("/partials/counts").status_code == 401
    assert anonymous_client.get("/", headers={"Sec-Fetch-Mode": "cors"}).status_code == 401
    assert anonymous_client.post("/scans", data={"urls": URL}).status_code == 401

    refusal = anonymous_client.get("/api/v1/scans")
    assert (refusal.status_code, refusal.content_type) == (401, "application/problem+json")
    assert refusal.headers["WWW-Authenticate"] == "Bearer"


#: For each role and scope: look, submit, cancel, make a token, see the users.
MATRIX = [
    (Role.VIEWER, (200, 403, 403, 201, 403)),
    (Role.MEMBER, (200, 303, 303, 201, 403)),
    (Role.ADMIN, (200, 303, 303, 201, 200)),
    (Scope.READ, (200, 403, 403, 403, 403)),
    (Scope.SUBMIT, (200, 303, 303, 403, 403)),
    (Scope.ADMIN, (200, 303, 303, 403, 403)),
]


@pytest.mark.parametrize(("who", "expected"), MATRIX, ids=[f"{type(who).__name__}-{who}" for who, _ in MATRIX])
def test_what_each_role_and_scope_may_do(
    app: Flask, anonymous_client: FlaskClient, who: Role | Scope, expected: tuple[int, ...]
) -> None:
    scan_id = a_scan()
    if isinstance(who, Role):
        visitor = signed_in(app, anonymous_client, users.create_user("ada", who))
    else:
        visitor = bearer(anonymous_client, tokens.create_token("ci", who, user_id=None, days=1))

    statuses = (
        visitor.get("/").status_code,
        visitor.post("/scans", data={"urls": URL}).status_code,
        visitor.post(f"/scans/{scan_id}/cancel").status_code,
        visitor.post("/tokens", data={"name": "ci", "scope": "read", "life": "30"}).status_code,
        visitor.get("/users").status_code,
    )

    assert statuses == expected


def test_a_viewer_cannot_send_anything_but_to_sign_out_and_to_their_own_account(
    app: Flask, anonymous_client: FlaskClient
) -> None:
    viewer = signed_in(app, anonymous_client, users.create_user("ada", Role.VIEWER))
    own = {f"sign_in.{name}" for name in ("sign_out", "sign_out_everywhere")}
    own |= {"account.change_password", "tokens.create", "tokens.revoke"}

    for door in doors(app):
        if door.method == "POST" and door.endpoint not in PUBLIC | own:
            assert viewer.open(door.path, method="POST").status_code == 403, door


def test_a_refusal_says_who_may_and_what_to_do(app: Flask, anonymous_client: FlaskClient) -> None:
    viewer = signed_in(app, anonymous_client, users.create_user("ada", Role.VIEWER))

    page = viewer.post("/scans", data={"urls": URL})
    problem = viewer.post("/api/v1/scans", json={"url": URL})

    assert "You may look, but not change anything. Ask an admin for another role." in page.text
    assert (problem.status_code, problem.json["title"]) == (403, "Forbidden")
    assert "cancel" not in viewer.get(f"/scans/{a_scan()}").text.lower().split("keys")[0]


def test_a_role_that_changes_holds_from_the_next_request_on(app: Flask, anonymous_client: FlaskClient) -> None:
    user_id = users.create_user("ada", Role.MEMBER)
    ada = signed_in(app, anonymous_client, user_id)
    assert ada.post("/scans", data={"urls": URL}).status_code == 303

    users.change_role(user_id, Role.VIEWER)
    assert ada.post("/scans", data={"urls": URL}).status_code == 403

    users.disable(user_id)
    assert ada.get("/").headers["Location"] == "/login"


def test_a_token_does_no_more_than_its_owner_may(app: Flask, anonymous_client: FlaskClient) -> None:
    user_id = users.create_user("ada", Role.MEMBER)
    program = bearer(anonymous_client, tokens.create_token("ci", Scope.ADMIN, user_id=user_id, days=None))
    assert program.post("/api/v1/scans", json={"url": URL}).status_code == 201

    users.change_role(user_id, Role.VIEWER)
    assert program.post("/api/v1/scans", json={"url": URL}).status_code == 403

    users.disable(user_id)
    assert program.get("/api/v1/scans").status_code == 401


def test_cookies_count_for_nothing_beside_a_token(app: Flask, client: FlaskClient) -> None:
    assert client.get("/api/v1/scans").status_code == 200

    for header in ("Bearer nonsense", "bearer ", "Bearer tilldone_" + "0" * 49):
        assert client.get("/api/v1/scans", headers={"Authorization": header}).status_code == 401
    # A password of a proxy in front is no token of ours.
    assert client.get("/api/v1/scans", headers={"Authorization": "Basic YTpi"}).status_code == 200


def test_a_token_in_the_address_opens_nothing(anonymous_client: FlaskClient) -> None:
    token = tokens.create_token("ci", Scope.ADMIN, user_id=None, days=1)

    for name in ("token", "access_token", "authorization", "t"):
        assert anonymous_client.get("/api/v1/scans", query_string={name: token}).status_code == 401


def test_who_submitted_a_scan_is_kept_and_shown(app: Flask, anonymous_client: FlaskClient) -> None:
    user_id = users.create_user("ada", Role.MEMBER)
    ada = signed_in(app, anonymous_client, user_id)
    page = ada.post("/scans", data={"urls": URL}).headers["Location"]
    program = bearer(app.test_client(), tokens.create_token("nightly", Scope.SUBMIT, user_id=user_id, days=1))
    told = program.post("/api/v1/scans", json={"url": URL}).json

    assert row(uuid.UUID(page.split("/")[-1])).submitted_by == "ada"
    assert " by ada<" in ada.get(page).text
    assert told["submitted_by"] == "ada (nightly)"


def test_a_session_of_which_only_the_fingerprint_is_known_opens_nothing(anonymous_client: FlaskClient) -> None:
    found = sessions.find_visitor(sessions.open_session(users.create_user("ada", Role.ADMIN)))
    assert found is not None and found.session is not None

    anonymous_client.set_cookie("session", found.session)

    assert anonymous_client.get("/api/v1/scans").status_code == 401
