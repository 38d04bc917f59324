import itertools
import logging
import os
from collections.abc import Iterator

import pytest
from flask import Flask

from tests.live.news import a_change, messages
from tests.valkey_server import ValkeyServer
from webapp.live import publisher
from webapp.live.events import CHANNEL, encode
from webapp.live.publisher import publish
from webapp.live.subscription import Subscription


@pytest.fixture
def publishing(valkey: ValkeyServer) -> Iterator[Flask]:
    """An app in its context that knows Redis and nothing else."""
    app = Flask("publishing")
    publisher.init_app(app, valkey.url)
    with app.app_context():
        yield app


def read(subscription: Subscription, count: int) -> list[bytes]:
    return [*itertools.islice(messages(subscription), count)]


@pytest.mark.usefixtures("publishing")
def test_each_change_is_told_once_and_in_order(valkey: ValkeyServer) -> None:
    changes = [a_change(revision=revision) for revision in range(1, 2502)]

    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription:
        publish(changes)

        assert read(subscription, len(changes)) == [encode(change) for change in changes]
        assert subscription.receive() == []


@pytest.mark.usefixtures("publishing")
def test_no_change_is_no_news(valkey: ValkeyServer) -> None:
    valkey.stop()

    publish([])


@pytest.mark.usefixtures("publishing")
def test_when_redis_is_away_the_caller_goes_on_and_the_log_says_so(
    valkey: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    valkey.kill()

    with caplog.at_level(logging.WARNING):
        publish([a_change(error="a secret of the target")])

    assert "news not published, Redis is away changes=1" in caplog.text
    assert "secret" not in caplog.text


def test_when_redis_is_back_news_flows_without_a_restart(publishing: Flask, valkey: ValkeyServer) -> None:
    publish([a_change()])
    valkey.kill()
    publish([a_change()])
    valkey.start()

    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription:
        change = a_change(revision=9)
        publish([change])

        assert read(subscription, 1) == [encode(change)]


@pytest.mark.usefixtures("publishing")
def test_a_redis_that_hangs_does_not_hang_its_caller_and_hears_the_news_when_it_goes_on(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription:
        publish([a_change()])
        read(subscription, 1)
        change = a_change(revision=2)

        with valkey.frozen():
            publish([change])

        assert read(subscription, 1) == [encode(change)]


@pytest.mark.usefixtures("publishing")
def test_a_forked_child_opens_a_connection_of_its_own(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription:
        changes = [a_change(revision=revision) for revision in (1, 2, 3)]
        publish(changes[:1])
        child = os.fork()
        if child == 0:
            publish(changes[1:2])
            os._exit(0)
        os.waitpid(child, 0)
        publish(changes[2:])

        assert read(subscription, 3) == [encode(change) for change in changes]
