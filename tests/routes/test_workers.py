"""The page of the workers, its twin for programs, and the notice that nothing runs scans."""

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tasks import presence
from tasks.counters import Counter, count
from tasks.presence import BEAT, WORKER, leave, list_present, show_presence
from tests.factories import UNAVAILABLE, a_claim, a_scan, settle
from tests.routes.test_pages import look
from webapp.live import redis_client
from webapp.live.redis_client import get_redis
from webapp.routes import standing
from webapp.scans import lifecycle


@pytest.fixture(autouse=True)
def nobody_was_seen(app: Flask) -> None:
    get_redis(app).flushall()


@pytest.fixture
def a_worker(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """This process, shown as a worker with two slots."""
    monkeypatch.setattr(presence, "_worker", presence._Self("w1@host", "prefork", 2))
    show_presence(app, WORKER)
    yield "w1@host"


@pytest.fixture
def not_just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "STARTING_SECONDS", 0.0)


def redis_goes_away(app: Flask) -> None:
    redis_client.init_app(app, "redis://127.0.0.1:9/0")


# The page


def test_a_worker_is_shown_with_what_it_runs(client: FlaskClient, a_worker: str) -> None:
    scan_id = a_scan()
    a_claim(scan_id, worker=a_worker)

    page = look(client, "/workers")

    assert page.status == 200
    assert "w1@host 1 of 2 prefork" in page.words and "attempt 1" in page.words
    assert f'href="/scans/{scan_id}"' in page.html and "Without a living worker" not in page.words


def test_a_scan_whose_worker_is_not_alive_is_shown_apart(client: FlaskClient, a_worker: str) -> None:
    a_claim(a_scan(), worker="dead@host")

    page = look(client, "/workers")

    assert "Without a living worker" in page.words and "dead@host" in page.words
    assert "0 of 2 prefork" in page.words and "taken back when its lease is over" in page.words


def test_nobody_there_is_told_with_the_cure(client: FlaskClient) -> None:
    page = look(client, "/workers")

    assert "No worker was seen for 15 s" in page.words and "celery -A wsgi:celery worker" in page.words
    assert "No beat was seen for 15 s" in page.words and "celery -A wsgi:celery beat" in page.words


def test_what_waits_and_what_was_counted_is_shown(app: Flask, client: FlaskClient) -> None:
    show_presence(app, BEAT)
    a_scan()
    settle(a_claim(a_scan(initial_interval=600)), UNAVAILABLE)
    count(Counter.FENCED, 3)

    words = look(client, "/workers").words

    assert "Due now 1 , the oldest for" in words and "Waiting for later 1" in words
    assert "Late writes fenced off 3" in words and "Needless wake-ups 0" in words
    assert "Wake-ups in the queue 0" in words and "ticked" in words


def test_while_redis_is_away_the_page_tells_what_the_database_knows(app: Flask, client: FlaskClient) -> None:
    a_claim(a_scan(), worker="w1@host")
    redis_goes_away(app)

    page = look(client, "/workers")

    assert page.status == 200
    assert "Redis does not answer" in page.words and "cannot be asked" in page.words
    assert "Running, as the database has it" in page.words and "w1@host" in page.words
    assert "not seen lately" not in page.words


def test_the_live_part_is_given_alone_and_never_kept(client: FlaskClient) -> None:
    response = client.get("/partials/workers")

    assert response.text.startswith('<div class="workers" id="workers"')
    assert response.headers["Cache-Control"] == "no-store"


def test_a_hostile_name_stays_text(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_worker", presence._Self("<b>w</b>@host", "prefork", 2))
    show_presence(app, WORKER)

    assert "&lt;b&gt;w&lt;/b&gt;@host" in look(client, "/workers").html


def test_every_page_leads_there(client: FlaskClient) -> None:
    assert 'href="/workers"' in look(client, "/").html


# The API


def test_programs_are_told_the_same(client: FlaskClient, a_worker: str) -> None:
    scan_id = a_scan()
    a_claim(scan_id, worker=a_worker)
    a_claim(a_scan(), worker="dead@host")

    told = client.get("/api/v1/workers").json
    assert told is not None

    [worker] = told["workers"]
    assert (worker["name"], worker["pool"], worker["slots"]) == ("w1@host", "prefork", 2)
    assert [run["id"] for run in worker["running"]] == [str(scan_id)]
    assert [run["worker"] for run in told["lost"]] == ["dead@host"]
    assert (told["redis"], told["beats"], told["queue"]) == (True, [], 0)
    assert told["due"] == {"count": 0, "is_more": False, "oldest_seconds": 0}
    assert told["counters"] == {"fenced": 0, "needless": 0}


def test_programs_are_told_what_cannot_be_known(app: Flask, client: FlaskClient) -> None:
    redis_goes_away(app)

    told = client.get("/api/v1/workers").json

    assert told is not None
    assert (told["redis"], told["queue"], told["counters"]) == (False, None, None)


# The notice


def test_while_all_is_well_there_is_no_notice(app: Flask, client: FlaskClient, a_worker: str) -> None:
    show_presence(app, BEAT)

    assert "data-missing" not in look(client, "/").html


@pytest.mark.usefixtures("not_just_started")
def test_the_notice_tells_who_is_missing(app: Flask, client: FlaskClient, a_worker: str) -> None:
    assert 'data-missing="beat"' in look(client, "/").html
    show_presence(app, BEAT)
    leave(app, WORKER)

    page = look(client, "/")

    assert 'data-missing="worker"' in page.html and "Nothing is running scans now: no worker was seen" in page.words


def test_at_a_start_who_was_never_seen_is_not_missed_yet(client: FlaskClient) -> None:
    assert "data-missing" not in look(client, "/").html


def test_who_was_seen_once_is_missed_at_once(app: Flask, client: FlaskClient, a_worker: str) -> None:
    look(client, "/partials/standing")
    leave(app, WORKER)
    assert list_present(WORKER) == []

    assert 'data-missing="worker"' in look(client, "/partials/standing").html


def test_while_redis_is_away_the_notice_does_not_accuse_the_workers(app: Flask, client: FlaskClient) -> None:
    redis_goes_away(app)

    page = look(client, "/")

    assert 'data-missing="redis"' in page.html and "No news can be had" in page.words
    assert "Nothing is running" not in page.words


@pytest.mark.usefixtures("not_just_started")
def test_a_scan_that_has_ended_needs_no_worker(client: FlaskClient) -> None:
    scan_id: uuid.UUID = a_scan()
    assert "data-missing" in look(client, f"/scans/{scan_id}").html
    lifecycle.cancel(scan_id)

    assert "data-missing" not in look(client, f"/scans/{scan_id}").html
