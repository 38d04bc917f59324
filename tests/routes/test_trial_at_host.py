"""A trial is one of those who ask its host: it is counted, it waits, and what the host says of it holds for all."""

import dataclasses
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tasks import host_gate, host_place
from tasks.host_gate import OFFER_SECONDS
from tasks.host_place import Place, ask_for_place
from tests.factories import a_scan, row
from tests.target import Target
from webapp.live.redis_client import get_redis
from webapp.routes.trial import RETRY_AFTER_SECONDS
from webapp.scans.change import Change
from webapp.settings import Settings

BUSY = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def polite(app: Flask, settings: Settings) -> Iterator[Settings]:
    limits = {"host_concurrency": 1, "host_pause_cap": 3600.0, "host_breaker_failures": 1}
    settings = dataclasses.replace(settings, **limits)  # type: ignore[arg-type]
    host_gate.init_app(app, settings)
    yield settings
    get_redis(app).flushall()


def test_a_host_that_asks_for_a_pause_is_left_alone_by_scans_and_trials(
    app: Flask, polite: Settings, client: FlaskClient, target: Target
) -> None:
    url = target.say(BUSY)

    first = client.post("/api/v1/try", json={"url": url})
    second = client.post("/api/v1/try", json={"url": url})
    page = client.post("/partials/try", data={"urls": url})

    assert first.status_code == 200 and first.json["status"] == 429
    assert second.status_code == 503 and 80 < int(second.headers["Retry-After"]) <= 90
    assert "127.0.0.1 asked to be left alone for another 1m" in second.json["detail"]
    assert page.status_code == 503 and "left alone" in page.text and "paste an answer" in page.text
    assert target.hits("/raw") == 1
    scan_id = a_scan(url)
    assert isinstance(ask_for_place(scan_id, 1), Change)
    assert row(scan_id).held_until is not None


def test_a_trial_has_its_place_for_itself_and_gives_it_back(
    polite: Settings, client: FlaskClient, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_place, "_PATIENCE_SECONDS", 0.0)
    place = ask_for_place(a_scan(target.url("/ok")), 1)
    assert isinstance(place, Place)

    busy = client.post("/api/v1/try", json={"url": target.url("/ok")})
    place.leave_untold()

    assert busy.status_code == 503 and busy.headers["Retry-After"] == str(RETRY_AFTER_SECONDS)
    assert "as often as the limits allow" in busy.json["detail"] and target.hits("/ok") == 0
    for _ in range(2):
        assert client.post("/api/v1/try", json={"url": target.url("/ok")}).status_code == 200


def test_what_is_offered_to_scans_in_line_is_not_taken_by_a_trial(
    app: Flask, polite: Settings, client: FlaskClient, target: Target
) -> None:
    offers = "tilldone:host:{127.0.0.1}:offers"
    get_redis(app).zadd(offers, {"to a scan": time.time() + OFFER_SECONDS})

    assert client.post("/api/v1/try", json={"url": target.url("/ok")}).status_code == 200

    assert get_redis(app).zcard(offers) == 1


def test_a_trial_without_a_place_makes_no_line(
    polite: Settings, client: FlaskClient, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_place, "_PATIENCE_SECONDS", 0.0)
    place = ask_for_place(a_scan(target.url("/ok")), 1)
    assert isinstance(place, Place)
    assert client.post("/api/v1/try", json={"url": target.url("/ok")}).status_code == 503

    place.leave_untold()

    assert isinstance(ask_for_place(a_scan(target.url("/ok")), 1), Place)


def test_a_trial_waits_a_little_for_a_start(app: Flask, polite: Settings, client: FlaskClient, target: Target) -> None:
    host_gate.init_app(app, dataclasses.replace(polite, host_starts_per_second=4.0, host_concurrency=9))

    answers = [client.post("/api/v1/try", json={"url": target.url("/ok")}).status_code for _ in range(6)]

    assert answers == [200] * 6
    moments = [request.at for request in target.requests]
    assert all(later - earlier > 0.9 for earlier, later in zip(moments, moments[4:], strict=False))


def test_a_breaker_does_not_keep_a_person_out_and_a_good_answer_closes_it(
    polite: Settings, client: FlaskClient, target: Target
) -> None:
    down = target.say(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
    assert client.post("/api/v1/try", json={"url": down}).json["status"] == 502
    assert isinstance(ask_for_place(a_scan(down), 1), Change)

    assert client.post("/api/v1/try", json={"url": target.url("/ok")}).status_code == 200

    assert isinstance(ask_for_place(a_scan(down), 1), Place)


def test_a_trial_that_is_led_elsewhere_has_a_place_there_too_or_says_why_not(
    polite: Settings, client: FlaskClient, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_place, "_PATIENCE_SECONDS", 0.0)
    url = target.url("/redirect-to?url=" + target.url("/ok").replace("127.0.0.1", "localhost"))
    place = ask_for_place(a_scan("http://localhost/"), 1)
    assert isinstance(place, Place)

    busy = client.post("/api/v1/try", json={"url": url}).json
    place.leave_untold()
    answers = [client.post("/api/v1/try", json={"url": url}).json for _ in range(2)]

    assert busy["outcome"] == "refused" and busy["decision"] == "retry"
    assert busy["error"].endswith("Scans ask localhost as often as the limits allow.")
    assert [answer["outcome"] for answer in answers] == ["succeeded"] * 2


def test_without_redis_nobody_knows_who_else_asks(app: Flask, polite: Settings, client: FlaskClient) -> None:
    host_gate.init_app(app, dataclasses.replace(polite, redis_url="redis://127.0.0.1:1/0"))

    answer = client.post("/api/v1/try", json={"url": "http://127.0.0.1:1/"})

    assert answer.status_code == 503 and "Redis is away" in answer.json["detail"]
