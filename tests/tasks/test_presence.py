"""Who is alive, as other processes see it."""

import time
from pathlib import Path

import pytest
import redis
from flask import Flask

from tasks.celery import celery
from tasks.due import DueScheduler
from tasks.presence import BEAT, LATELY_SECONDS, WORKER, Presence, leave, list_present, seen_lately, show_presence
from tests.conftest import running_app, settings_for
from tests.process import Process
from tests.stack import worker
from webapp.live import redis_client
from webapp.live.redis_client import get_redis


@pytest.fixture
def alone(app: Flask) -> Flask:
    get_redis(app).flushall()
    return app


def test_who_shows_itself_is_present_with_its_facts(alone: Flask) -> None:
    show_presence(alone, BEAT)

    [beat] = list_present(BEAT)

    assert (beat.kind, beat.name, beat.slots) == (BEAT, f"{beat.host}:{beat.pid}", 0)
    assert 0 <= beat.seconds_ago < 1
    assert beat.started_at.tzinfo is not None


def test_one_kind_is_not_taken_for_the_other(alone: Flask) -> None:
    show_presence(alone, BEAT)

    assert seen_lately(BEAT) and not seen_lately(WORKER)


def test_the_age_is_what_is_missing_of_the_key(alone: Flask) -> None:
    show_presence(alone, BEAT)
    [beat] = list_present(BEAT)
    get_redis(alone).pexpire(f"tilldone:presence:beat:{beat.name}", 11_000)

    [beat] = list_present(BEAT)

    assert 4 <= beat.seconds_ago < 5


def test_a_name_whose_key_has_ended_is_forgotten(alone: Flask) -> None:
    show_presence(alone, BEAT)
    client = get_redis(alone)
    client.sadd("tilldone:presence:beat", "dead:1")

    assert [beat.pid for beat in list_present(BEAT)] != []

    assert b"dead:1" not in client.smembers("tilldone:presence:beat")


def test_the_key_ends_by_itself(alone: Flask) -> None:
    show_presence(alone, BEAT)

    [beat] = list_present(BEAT)

    assert 0 < get_redis(alone).ttl(f"tilldone:presence:beat:{beat.name}") <= LATELY_SECONDS


def test_who_leaves_is_gone_at_once_and_may_come_back(alone: Flask) -> None:
    show_presence(alone, BEAT)
    leave(alone, BEAT)
    assert not seen_lately(BEAT)

    show_presence(alone, BEAT)

    assert seen_lately(BEAT)


def test_a_scheduler_that_closes_leaves(alone: Flask) -> None:
    scheduler = DueScheduler(app=celery)
    scheduler.tick()
    assert seen_lately(BEAT)

    scheduler.close()

    assert not seen_lately(BEAT)


def test_while_redis_is_away_showing_and_leaving_do_no_harm(app: Flask) -> None:
    redis_client.init_app(app, "redis://127.0.0.1:9/0")
    started = time.monotonic()

    show_presence(app, BEAT)
    leave(app, BEAT)

    assert time.monotonic() - started < 2
    with pytest.raises(redis.RedisError):
        list_present(BEAT)


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_worker_is_present_with_its_pool_and_leaves_when_it_is_told_to_stop(
    tmp_path: Path, sqlite_url: str, redis_url: str, pool: str
) -> None:
    settings = settings_for(tmp_path, sqlite_url, redis_url)
    for app in running_app(settings):
        get_redis(app).flushall()
        with worker(settings, pool=pool, concurrency=3) as process:
            assert _present_worker(process).pool == pool
            process.stop()
        assert not seen_lately(WORKER)


def _present_worker(process: Process) -> Presence:
    """Printed as ready a moment before it is shown, so it is asked for until it is there."""
    deadline = time.monotonic() + 5
    while not (present := list_present(WORKER)):
        assert time.monotonic() < deadline, process.output
    assert (present[0].slots, present[0].pid) == (3, process.pid)
    return present[0]
