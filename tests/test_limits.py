"""How much may be asked of a server: what is over is refused with a reason and a time, and nothing is lost."""

import dataclasses
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tasks.fetch import PRODUCT, fetch, user_agent
from tasks.guard import Guard
from tests.conftest import OutsideClient, running_app
from tests.sign_in import an_admin, signed_in
from tests.target import Target
from webapp.allow_list import parse_allow_list
from webapp.limits import Limits
from webapp.live.redis_client import get_redis
from webapp.reach import Reach
from webapp.scans import queries
from webapp.scans.exchange import Request
from webapp.scans.queries import Filter
from webapp.scans.states import Outcome
from webapp.settings import Settings, SettingsError

URL = "https://target.example/export"
TIGHT = Limits(batch=3, active=4, submits_per_minute=5, calls_per_minute=8)


@pytest.fixture
def tight_app(settings: Settings) -> Iterator[Flask]:
    for app in running_app(dataclasses.replace(settings, limits=TIGHT)):
        # What other tests asked for is counted there too.
        get_redis(app).flushall()
        yield app


@pytest.fixture
def tight(tight_app: Flask) -> FlaskClient:
    tight_app.test_client_class = OutsideClient
    return signed_in(tight_app, tight_app.test_client(), an_admin())


def count() -> int:
    return sum(queries.count_by_state(Filter()).values())


def urls(number: int) -> list[str]:
    return [f"{URL}/{uuid.uuid4()}" for _ in range(number)]


def test_a_batch_that_is_too_large_is_refused_whole(tight: FlaskClient) -> None:
    answer = tight.post("/api/v1/batches", json={"urls": urls(4)})

    assert answer.status_code == 422 and "more than 3" in answer.get_json()["detail"]
    assert count() == 0


def test_when_there_is_no_room_it_says_when_to_come_back(tight: FlaskClient) -> None:
    assert tight.post("/api/v1/batches", json={"urls": urls(3)}).status_code == 202

    answer = tight.post("/api/v1/batches", json={"urls": urls(2)})

    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert "takes 4" in answer.get_json()["detail"] and "MAX_ACTIVE" in answer.get_json()["cure"]
    assert count() == 3


def test_a_form_for_which_there_is_no_room_comes_back_as_it_was_typed(tight: FlaskClient) -> None:
    typed = urls(3)
    tight.post("/scans", data={"urls": "\n".join(typed)})

    answer = tight.post("/scans", data={"urls": "\n".join(urls(1) + typed[:1])})

    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert typed[0] in answer.text and "MAX_ACTIVE" in answer.text


def test_who_submits_too_often_waits(tight: FlaskClient) -> None:
    statuses = [tight.post("/api/v1/scans", json={"url": "nonsense"}).status_code for _ in range(6)]

    assert statuses == [422] * 5 + [429]
    answer = tight.post("/api/v1/scans", json={"url": URL})
    assert 0 < int(answer.headers["Retry-After"]) <= 60 and answer.content_type == "application/problem+json"


def test_who_asks_too_often_waits(tight: FlaskClient) -> None:
    statuses = [tight.get("/api/v1/scans").status_code for _ in range(9)]

    assert statuses == [200] * 8 + [429]
    assert tight.get("/").status_code == 200


def test_no_limit_is_no_limit(settings: Settings) -> None:
    limits = Limits(active=0, submits_per_minute=0, calls_per_minute=0)
    for app in running_app(dataclasses.replace(settings, limits=limits)):
        app.test_client_class = OutsideClient
        client = signed_in(app, app.test_client(), an_admin())
        assert {client.get("/api/v1/scans").status_code for _ in range(20)} == {200}


@pytest.mark.parametrize(("name", "value"), [("MAX_BATCH", "0"), ("MAX_ACTIVE", "-1"), ("MAX_REQUEST_MB", "x")])
def test_an_odd_limit_stops_the_start_by_its_name(settings: Settings, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({"TILLDONE_HOME": str(settings.home), name: value})


@pytest.mark.parametrize("place", ["127.0.0.0/8", "127.0.0.1"])
def test_a_blocked_place_is_asked_nothing_even_if_it_is_allowed(target: Target, place: str) -> None:
    reach = Reach(allow=parse_allow_list("127.0.0.1"), block=parse_allow_list(place))

    exchange = fetch(Request("GET", target.url("/ok")), guard=Guard(reach), timeout=5)

    assert exchange.failure is not None and exchange.failure.outcome is Outcome.REFUSED
    assert exchange.failure.is_permanent and "BLOCK_HOSTS" in exchange.failure.message
    assert target.requests == []


def test_targets_are_told_by_what_they_are_asked(target: Target) -> None:
    reach = Reach(allow=parse_allow_list("127.0.0.1"), contact="mailto:ops@example.com")

    fetch(Request("GET", target.url("/ok"), {"user-agent": "Mine/1"}), guard=Guard(reach), timeout=5)

    assert target.requests[-1].headers["User-Agent"] == f"Mine/1 {PRODUCT} (+mailto:ops@example.com)"
    assert user_agent(None, "") == PRODUCT


@pytest.mark.parametrize("contact", ["a\nb", "(x)", "é"])
def test_an_odd_contact_stops_the_start(settings: Settings, contact: str) -> None:
    with pytest.raises(SettingsError, match="CONTACT"):
        Settings.from_env({"TILLDONE_HOME": str(settings.home), "CONTACT": contact})
