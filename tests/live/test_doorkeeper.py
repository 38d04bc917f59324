"""A stream ends soon after the session or token that opened it."""

import datetime as dt
import socket
import threading
from collections.abc import Collection, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.live.browser import PATIENCE_SECONDS, Browser, split
from tests.sign_in import a_user, an_admin, bearer, signed_in
from webapp.auth import sessions, tokens, users
from webapp.auth.rights import Scope, Visitor
from webapp.auth.standing import still_stand
from webapp.live.hub import Hub, get_hub
from webapp.live.pace import Pace
from webapp.live.recall import Reading
from webapp.live.scope import Scope as StreamScope

CALM = Pace(heartbeat_seconds=60, counts_seconds=60, quiet_seconds=60)


class Standing:
    """Whom the hub may keep."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.is_away = threading.Event()
        self._asked: list[set[str]] = []
        self._changed = threading.Condition()

    def wait_until_asked(self, owners: set[str]) -> None:
        """From now on, of these and no others."""
        with self._changed:
            self._asked.clear()
            assert self._changed.wait_for(lambda: owners in self._asked, PATIENCE_SECONDS), self._asked

    def __call__(self, owners: Collection[str]) -> set[str]:
        with self._changed:
            self._asked.append(set(owners))
            self._changed.notify_all()
        if self.is_away.is_set():
            raise OSError("the database is away")
        return set(owners) - self.gone


def _no_scans(_ids: Collection[str]) -> Reading:
    return dt.datetime.now(dt.UTC), []


@pytest.fixture
def standing() -> Standing:
    return Standing()


@pytest.fixture
def hub(redis_url: str, standing: Standing) -> Iterator[Hub]:
    hub = Hub(redis_url, lambda _: {}, _no_scans, pace=CALM, max_streams=9, max_of_an_owner=2, max_pulled=9)
    hub.keep_door(standing, round_seconds=0.01)
    yield hub
    hub.close()


def adopted(hub: Hub, owner: str) -> Browser:
    server, client = socket.socketpair()
    hub.adopt(server, StreamScope(), b"", owner=owner)
    browser = Browser(client.makefile("rb"), client.close)
    browser.wait_for("open")
    return browser


def pulled(hub: Hub, owner: str) -> Browser:
    stream = hub.pull(StreamScope(), None, owner=owner)

    def chunks() -> Iterator[bytes]:
        yield from hub.chunks(stream)
        hub.leave(stream)

    browser = Browser(split(chunks()))
    browser.wait_for("open")
    return browser


@pytest.mark.parametrize("opened", [adopted, pulled])
def test_whose_session_is_over_is_told_goodbye_and_nobody_else(hub: Hub, standing: Standing, opened: object) -> None:
    assert callable(opened)
    ada, bob = opened(hub, "session:ada"), opened(hub, "session:bob")

    standing.gone = {"session:ada"}

    ada.wait_for("bye")
    ada.wait_for_end()
    standing.wait_until_asked({"session:bob"})
    assert bob.named("bye") == []


def test_a_database_that_is_away_ends_no_stream_and_the_next_round_judges(hub: Hub, standing: Standing) -> None:
    standing.is_away.set()
    ada = adopted(hub, "session:ada")
    standing.wait_until_asked({"session:ada"})
    assert ada.named("bye") == []

    standing.gone = {"session:ada"}
    standing.is_away.clear()

    ada.wait_for_end()


def key_of(visitor: Visitor | None) -> str:
    assert visitor is not None
    return visitor.key


def test_who_still_stands_is_what_the_database_says_now(either_app: Flask) -> None:
    an_admin()
    ada, bob = a_user("ada"), a_user("bob")
    keys = {
        name: key_of(sessions.find_visitor(sessions.open_session(who))) for name, who in (("ada", ada), ("bob", bob))
    }
    made = {
        name: tokens.create_token(name, Scope.READ, user_id=who, days=1) for name, who in (("ci", None), ("of", ada))
    }
    keys |= {name: key_of(tokens.find_visitor(token)) for name, token in made.items()}
    assert still_stand(either_app, keys.values()) == set(keys.values())

    users.disable(ada)
    assert still_stand(either_app, keys.values()) == {keys["bob"], keys["ci"]}

    sessions.close_all(bob)
    for token, _ in tokens.list_tokens():
        tokens.revoke_token(token.id)
    assert still_stand(either_app, keys.values()) == set()


def streamed(client: FlaskClient) -> Browser:
    response = client.get("/api/v1/events", buffered=False)
    assert response.status_code == 200

    def chunks() -> Iterator[bytes]:
        yield from response.response  # type: ignore[misc]
        response.close()

    browser = Browser(split(chunks()))
    browser.wait_for("open")
    return browser


def test_after_signing_out_and_after_a_revoked_token_the_live_page_hears_no_more(
    app: Flask, client: FlaskClient
) -> None:
    hub = get_hub(app)
    program = bearer(app.test_client(), tokens.create_token("ci", Scope.READ, user_id=None, days=1))
    other = signed_in(app, app.test_client(), a_user("bob"))
    page, stream, bobs = streamed(client), streamed(program), streamed(other)

    client.post("/logout")
    tokens.revoke_token(tokens.list_tokens()[0][0].id)
    assert hub._doorkeeper is not None
    hub._doorkeeper.look()

    page.wait_for_end()
    stream.wait_for_end()
    assert bobs.named("bye") == []
    hub.close()


def test_a_stream_of_a_stranger_is_refused(anonymous_client: FlaskClient) -> None:
    assert anonymous_client.get("/api/v1/events").status_code == 401
