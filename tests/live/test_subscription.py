import itertools
import select
import time

import pytest
import redis

from tests.live.news import messages
from tests.valkey_server import ValkeyServer
from webapp.live.subscription import Subscription

CHANNEL = "a-channel"


def next_message(subscription: Subscription) -> bytes:
    return next(messages(subscription))


def wait_for_loss(subscription: Subscription, pause: float = 1.0) -> None:
    """As a hub does; returns by an error of Redis only."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        select.select([subscription], [], [], pause)
        subscription.receive()
        subscription.ask_if_quiet(time.monotonic())


def test_it_stands_once_it_exists_so_that_nothing_published_later_is_missed(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription:
        heard_by = valkey.client().publish(CHANNEL, "first")

        assert heard_by == 1
        assert next_message(subscription) == b"first"


def test_a_message_longer_than_a_read_is_taken_whole_and_nobody_waits_for_its_end(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription:
        valkey.client().publish(CHANNEL, "x" * 3_000_000)
        valkey.client().publish(CHANNEL, "\r\n$5\r\n*")

        assert [*itertools.islice(messages(subscription), 2)] == [b"x" * 3_000_000, b"\r\n$5\r\n*"]
        assert subscription.receive() == []


@pytest.mark.parametrize("quiet_seconds", [0.01, 60])
def test_a_server_that_dies_is_noticed_at_once(valkey: ValkeyServer, quiet_seconds: float) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=quiet_seconds) as subscription:
        valkey.kill()

        with pytest.raises(redis.RedisError):
            wait_for_loss(subscription, pause=60)


def test_a_server_that_came_back_does_not_bring_a_lost_subscription_back(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=60) as subscription:
        valkey.restart()

        with pytest.raises(redis.RedisError):
            wait_for_loss(subscription)


def test_a_server_that_answers_no_more_is_lost_after_twice_the_quiet_time(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription, valkey.frozen():
        now = time.monotonic()
        subscription.ask_if_quiet(now + 4.5)
        subscription.ask_if_quiet(now + 5.5)
        subscription.ask_if_quiet(now + 10)

        with pytest.raises(redis.TimeoutError):
            subscription.ask_if_quiet(now + 10.6)


def test_a_quiet_server_that_answers_is_not_lost(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription:
        for _ in range(3):
            subscription.ask_if_quiet(time.monotonic() + 6)
            select.select([subscription], [], [], 10)
            assert subscription.receive() == []

        valkey.client().publish(CHANNEL, "still here")
        assert next_message(subscription) == b"still here"


def test_without_a_server_there_is_no_subscription(valkey: ValkeyServer) -> None:
    valkey.stop()

    with pytest.raises(redis.ConnectionError):
        Subscription(valkey.url, CHANNEL, quiet_seconds=5)
