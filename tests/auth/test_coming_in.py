"""The ways in, on both databases: links work once, whoever races; sessions end; the last admin stays."""

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.sign_in import PASSWORD, PASSWORD_HASH, a_user, an_admin
from webapp.auth import coming_in, links, passwords, sessions, tokens, users
from webapp.auth.errors import LastAdmin, LinkSpent, OddName
from webapp.auth.models import ApiToken, Link, Purpose, Session, User
from webapp.auth.rights import Right, Role, Scope
from webapp.auth.secret import fingerprint, new_secret
from webapp.database import db, now, transaction
from webapp.settings import Settings

RACERS = 8


def race(app: Flask, attempt: Callable[[int], object]) -> list[object]:
    """What came of all of them; they go at the same moment."""
    start = threading.Barrier(RACERS)

    def run(number: int) -> object:
        with app.app_context():
            start.wait()
            try:
                return attempt(number)
            except LinkSpent:
                return None

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def settings_of(app: Flask) -> Settings:
    found: Settings = app.extensions["tilldone.settings"]
    return found


def test_of_all_who_use_the_setup_link_at_once_one_becomes_the_admin(
    either_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "hash_password", lambda password: PASSWORD_HASH)
    secret = links.create_link(Purpose.SETUP)

    made = race(either_app, lambda number: coming_in.as_first_admin(secret, f"racer{number}", PASSWORD))

    assert sum(user_id is not None for user_id in made) == 1
    assert [user.role for user in users.list_users()] == [Role.ADMIN]


def test_of_several_setup_links_one_makes_an_admin_and_the_others_are_void(
    either_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "hash_password", lambda password: PASSWORD_HASH)
    secrets = [links.create_link(Purpose.SETUP) for _ in range(RACERS)]

    made = race(either_app, lambda number: coming_in.as_first_admin(secrets[number], f"racer{number}", PASSWORD))

    assert sum(user_id is not None for user_id in made) == 1
    assert not links.is_any_good(Purpose.SETUP)


def test_a_setup_link_makes_no_second_admin(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hash_password", lambda password: PASSWORD_HASH)
    secret = links.create_link(Purpose.SETUP)
    an_admin()

    with pytest.raises(LinkSpent, match="an admin already"):
        coming_in.as_first_admin(secret, "eve", PASSWORD)
    assert users.find_user("eve") is None


def test_a_login_link_lets_one_in_once(either_app: Flask) -> None:
    user_id = a_user("ada")
    secret = links.create_link(Purpose.LOGIN, user_id)

    found = race(either_app, lambda _: coming_in.by_link(secret, settings_of(either_app)).id)

    assert sorted(map(str, found)) == sorted([str(user_id), *["None"] * (RACERS - 1)])


def test_the_link_that_a_start_printed_lets_the_admin_in_once(either_app: Flask) -> None:
    secret, admin = new_secret(), an_admin()
    settings = dataclasses.replace(settings_of(either_app), login_links=frozenset({fingerprint(secret)}))

    found = race(either_app, lambda _: coming_in.by_link(secret, settings).id)

    assert [user_id for user_id in found if user_id] == [admin]


def test_a_link_is_good_for_its_own_purpose_alone_and_not_for_ever(app: Flask) -> None:
    user_id, settings = a_user("ada"), settings_of(app)
    invitation = links.create_link(Purpose.INVITE, user_id)
    with pytest.raises(LinkSpent):
        coming_in.by_link(invitation, settings)
    with pytest.raises(LinkSpent):
        coming_in.as_first_admin(invitation, "eve", PASSWORD)

    login = links.create_link(Purpose.LOGIN, user_id)
    with transaction() as connection:
        connection.execute(update(Link).values(expires_at=now(-1)))

    with pytest.raises(LinkSpent):
        coming_in.by_link(login, settings)
    with pytest.raises(LinkSpent):
        links.invited_by(invitation)


def test_a_new_invitation_takes_the_place_of_the_one_before(app: Flask) -> None:
    user_id = users.create_user("ada", Role.VIEWER)
    first, second = (links.create_link(Purpose.INVITE, user_id) for _ in range(2))

    with pytest.raises(LinkSpent):
        links.invited_by(first)
    assert links.invited_by(second).name == "ada"


def test_no_secret_is_in_the_database_as_it_is(app: Flask) -> None:
    user_id = a_user("ada")
    secrets = [sessions.open_session(user_id), links.create_link(Purpose.LOGIN, user_id)]
    token = tokens.create_token("ci", Scope.READ, user_id=user_id, days=None)

    kept = [
        *db.session.scalars(select(Session.fingerprint)),
        *db.session.scalars(select(Link.fingerprint)),
        *db.session.scalars(select(ApiToken.fingerprint)),
    ]
    assert kept == [fingerprint(secret) for secret in (*secrets, token)]


@pytest.mark.parametrize(
    "age",
    [
        {"seen_at": -sessions.IDLE_SECONDS - 1},
        {"expires_at": -1},
    ],
)
def test_a_session_ends_when_it_rests_too_long_and_in_any_case_after_two_weeks(
    either_app: Flask, age: dict[str, float]
) -> None:
    secret = sessions.open_session(a_user("ada"))
    assert sessions.find_visitor(secret) is not None

    with transaction() as connection:
        connection.execute(update(Session).values({name: now(seconds) for name, seconds in age.items()}))

    assert sessions.find_visitor(secret) is None
    assert sessions.still_stand([fingerprint(secret)]) == set()
    sessions.open_session(a_user("bob"))
    assert len(db.session.scalars(select(Session)).all()) == 1, "what is over is swept out"


def test_a_session_that_is_used_does_not_rest(either_app: Flask) -> None:
    secret = sessions.open_session(a_user("ada"))
    with transaction() as connection:
        connection.execute(update(Session).values(seen_at=now(3600 - sessions.IDLE_SECONDS)))

    assert sessions.find_visitor(secret) is not None

    seen_at, moment = db.session.execute(select(Session.seen_at, now())).one()
    assert (moment - seen_at).total_seconds() < 60


def test_a_token_that_is_too_old_or_revoked_opens_nothing(either_app: Flask) -> None:
    old, other = (tokens.create_token(name, Scope.SUBMIT, user_id=None, days=1) for name in ("old", "other"))
    found = tokens.find_visitor(old)
    assert found is not None and (found.name, found.right, found.user_id) == ("old", Right.SUBMIT, None)
    assert all(token.used_at for token, _ in tokens.list_tokens() if token.name == "old")

    with transaction() as connection:
        connection.execute(update(ApiToken).where(ApiToken.name == "old").values(expires_at=now(-1)))
    assert tokens.revoke_token(next(token.id for token, _ in tokens.list_tokens() if token.name == "other"))

    assert tokens.find_visitor(old) is None and tokens.find_visitor(other) is None


def test_the_last_admin_can_be_neither_disabled_nor_demoted_whoever_races(either_app: Flask) -> None:
    admins = [a_user(f"admin{number}", Role.ADMIN) for number in range(RACERS)]

    def step_down(number: int) -> object:
        try:
            return users.disable(admins[number]) if number % 2 else users.change_role(admins[number], Role.VIEWER)
        except LastAdmin:
            return None

    gone = race(either_app, step_down)

    assert gone.count(None) == 1
    assert len([user for user in users.list_users() if user.role is Role.ADMIN and not user.disabled_at]) == 1


def test_who_is_disabled_comes_in_by_no_way(app: Flask) -> None:
    an_admin()
    user_id = a_user("ada")
    secret = sessions.open_session(user_id)
    login, invitation = (links.create_link(purpose, user_id) for purpose in (Purpose.LOGIN, Purpose.INVITE))

    users.disable(user_id)

    assert sessions.find_visitor(secret) is None
    assert coming_in.by_password("ada", PASSWORD, settings_of(app)) is None
    for attempt in (lambda: coming_in.by_link(login, settings_of(app)), lambda: links.invited_by(invitation)):
        with pytest.raises(LinkSpent):
            attempt()


def test_a_new_password_ends_all_sessions(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hash_password", lambda password: PASSWORD_HASH)
    user_id = a_user("ada")
    secrets = [sessions.open_session(user_id) for _ in range(3)]

    users.set_password(user_id, "ada", "another good password")

    assert all(sessions.find_visitor(secret) is None for secret in secrets)


def test_where_the_environment_gives_the_password_of_admin_no_other_one_is(app: Flask) -> None:
    settings = dataclasses.replace(settings_of(app), admin_password_hash=PASSWORD_HASH)
    assert not coming_in.is_set_up(settings_of(app))
    assert coming_in.is_set_up(settings)
    with transaction() as connection:
        connection.execute(update(User).values(password_hash="$argon2id$nonsense"))

    found = coming_in.by_password("admin", PASSWORD, settings)

    assert found is not None and found.role is Role.ADMIN


@pytest.mark.parametrize("name", ["", " ", "a" * 65, "ada lovelace", "<b>", "\u202eada", "ada=1", "ad\0a"])
def test_a_name_that_could_deceive_is_refused(app: Flask, name: str) -> None:
    with pytest.raises(OddName):
        users.create_user(name, Role.VIEWER)


def test_names_that_look_alike_are_one_name(app: Flask) -> None:
    users.create_user("Ada", Role.VIEWER)

    for name in ("ada", " ADA ", "\uff21da"):
        with pytest.raises(OddName, match="called ada already"):
            users.create_user(name, Role.ADMIN)
