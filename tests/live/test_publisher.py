import logging
import time
from collections.abc import Iterator

import pytest
from flask import Flask

from tests.live.news import a_change
from tests.valkey_server import ValkeyServer
from webapp.live import redis_client
from webapp.live.events import CHANNEL, encode
from webapp.live.publisher import publish
from webapp.live.subscription import Subscription


@pytest.fixture
def publishing(valkey: ValkeyServer) -> Iterator[Flask]:
    """An app in its context that knows Redis and nothing else."""
    app = Flask("publishing")
    redis_client.init_app(app, valkey.url)
    with app.app_context():
        yield app
    redis_client.get_redis(app).close()


def read(subscription: Subscription, count: int) -> list[bytes]:
    lines: list[bytes] = []
    deadline = time.monotonic() + 10
    while len(lines) < count:
        assert time.monotonic() < deadline, f"{len(lines)} of {count} came"
        if (line := subscription.read(1)) is not None:
            lines.append(line)
    return lines


@pytest.mark.usefixtures("publishing")
def test_each_change_is_told_once_and_in_order(valkey: ValkeyServer) -> None:
    changes = [a_change(revision=revision) for revision in range(1, 2502)]

    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription:
        publish(changes)

        assert read(subscription, len(changes)) == [encode(change) for change in changes]
        assert subscription.read(0.01) is None


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


def test_a_redis_that_hangs_does_not_hang_its_caller(valkey: ValkeyServer, caplog: pytest.LogCaptureFixture) -> None:
    app = Flask("publishing")
    app.extensions["tilldone.redis"] = redis_client.connect(valkey.url, socket_timeout=0.1)

    with app.app_context(), caplog.at_level(logging.WARNING), valkey.frozen():
        publish([a_change()])

    assert "news not published" in caplog.text
    redis_client.get_redis(app).close()
