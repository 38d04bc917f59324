"""RabbitMQ in the place of Redis as the broker: a real one, with a real worker and beat."""

import dataclasses
import socket
import time
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask

from tasks.broker import QUEUE, broker_of
from tasks.celery import celery
from tasks.wake import backlog, is_broker_reachable, wake
from tests.conftest import running_app
from tests.factories import UNAVAILABLE, a_claim, a_scan, a_wake_up, row, settle
from tests.rabbitmq_server import RabbitMqServer
from tests.stack import beat, worker
from tests.target import Target
from tests.tasks.conftest import News
from webapp.scans.states import State
from webapp.settings import Settings

#: Of an answer to a person who submits while the broker is away.
ENDURABLE_SECONDS = 2.0


@pytest.fixture
def rabbit_settings(settings: Settings, rabbitmq: RabbitMqServer) -> Settings:
    return dataclasses.replace(settings, broker_url=rabbitmq.url)


@pytest.fixture
def rabbit_app(rabbit_settings: Settings) -> Iterator[Flask]:
    for app in running_app(rabbit_settings):
        with celery.connection_for_write() as connection:
            for queue in celery.amqp.queues.values():
                # Emptied, not deleted: who has declared a queue on a connection does not do so again.
                bound = queue(connection.default_channel)
                bound.declare()
                bound.purge()
        yield app


def backlog_is(count: int) -> bool:
    """A quorum queue counts what it has written, a moment later."""
    deadline = time.monotonic() + 10
    while backlog() < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return backlog() == count


def test_who_has_waited_goes_first_on_either_broker(settings: Settings) -> None:
    redis = broker_of(settings)
    rabbitmq = broker_of(dataclasses.replace(settings, broker_url="amqp://"))

    assert redis.retry_priority < redis.new_priority
    assert redis.retry_queue == QUEUE != rabbitmq.retry_queue


def test_ten_thousand_wake_ups_arrive(rabbit_app: Flask) -> None:
    wake_up = a_wake_up(a_scan())

    assert wake([wake_up] * 10_000)

    assert is_broker_reachable()
    assert backlog_is(10_000)


def test_who_has_waited_does_not_queue_behind_who_is_new(
    rabbit_app: Flask, rabbit_settings: Settings, target: Target
) -> None:
    new = [a_wake_up(a_scan(target.url(f"/gate?name=new-{n}"))) for n in range(20)]
    waited = a_scan(target.url("/ok?waited"), initial_interval=0)
    settle(a_claim(waited), UNAVAILABLE)
    assert wake([*new, a_wake_up(waited, 2)])
    for n in range(2, 20):
        target.open(f"new-{n}")

    # One slot is kept by a new one; the other takes from both queues in turn.
    with worker(rabbit_settings, concurrency=2):
        target.wait_for_hits("/gate?name=new-0", 1)
        target.open("new-1")
        target.wait_for_hits("/ok?waited", 1)
        assert target.hits("/gate?name=new-19") == 0
        target.open("new-0")


def test_a_connection_that_was_shut_by_a_child_costs_no_wake_up(rabbit_app: Flask) -> None:
    first, second = a_wake_up(a_scan()), a_wake_up(a_scan())
    assert wake([first])
    with celery.producer_pool.acquire() as producer:
        # What py-amqp does in a pool child that was forked with this connection.
        producer.channel.connection.transport.sock.shutdown(socket.SHUT_RDWR)

    assert wake([second])

    assert backlog_is(2)


def test_a_connection_that_was_found_closed_costs_no_wake_up(rabbit_app: Flask) -> None:
    assert wake([a_wake_up(a_scan())])
    with celery.producer_pool.acquire() as producer:
        producer.channel.connection.collect()

    assert wake([a_wake_up(a_scan())])

    assert backlog_is(2)


def test_a_broker_that_keeps_its_connections_and_answers_nobody_holds_no_submit(
    rabbit_app: Flask, rabbitmq: RabbitMqServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.wake._ANSWER_SECONDS", 0.5)
    wake_up = a_wake_up(a_scan())
    assert wake([wake_up])

    with rabbitmq.frozen():
        started = time.monotonic()
        assert wake([wake_up]) is False
        assert time.monotonic() - started < ENDURABLE_SECONDS

    assert wake([wake_up])


def is_unsent_soon(scan_id: uuid.UUID) -> bool:
    deadline = time.monotonic() + ENDURABLE_SECONDS
    while row(scan_id).sent_at is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_scans_are_retried_and_a_broker_that_is_killed_costs_none(
    rabbit_app: Flask, rabbit_settings: Settings, rabbitmq: RabbitMqServer, news: News, target: Target
) -> None:
    with worker(rabbit_settings), beat(rabbit_settings):
        retried = a_scan(target.url("/flaky?fail=2&key=rabbit"), initial_interval=0.2)
        assert wake([a_wake_up(retried)])
        assert news.end_of(retried).attempt == 3

        rabbitmq.kill()
        unsent = a_scan(target.url("/ok?rabbit"))
        started = time.monotonic()
        assert wake([a_wake_up(unsent)]) is False
        assert time.monotonic() - started < ENDURABLE_SECONDS
        # The scheduler takes it, cannot send it, and gives it back, with each tick.
        assert is_unsent_soon(unsent)
        assert not is_broker_reachable()
        rabbitmq.start()

        assert news.end_of(unsent).state is State.SUCCEEDED
