import time

import pytest
import redis

from tests.valkey_server import ValkeyServer
from webapp.live.subscription import Subscription

CHANNEL = "a-channel"


def next_message(subscription: Subscription) -> bytes:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if (message := subscription.read(1)) is not None:
            return message
    raise AssertionError("no message")


def test_it_stands_once_it_exists_so_that_nothing_published_later_is_missed(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription:
        heard_by = valkey.client().publish(CHANNEL, "first")

        assert heard_by == 1
        assert next_message(subscription) == b"first"


def test_a_message_longer_than_a_read_is_taken_whole_even_by_one_who_will_not_wait(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=5) as subscription:
        valkey.client().publish(CHANNEL, "x" * 3_000_000)

        message = None
        while message is None:
            message = subscription.read(0.0)

        assert message == b"x" * 3_000_000


def test_a_server_that_dies_is_noticed_at_once(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=60) as subscription:
        valkey.kill()

        with pytest.raises(redis.RedisError):
            subscription.read(60)


def test_a_server_that_came_back_does_not_bring_a_lost_subscription_back(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=60) as subscription:
        valkey.restart()

        with pytest.raises(redis.RedisError):
            subscription.read(60)


def test_a_server_that_answers_no_more_is_lost_after_twice_the_quiet_time(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=0.05) as subscription, valkey.frozen():
        started = time.monotonic()

        with pytest.raises(redis.TimeoutError):
            while True:
                subscription.read(60)

        assert 0.1 <= time.monotonic() - started < 5


def test_a_quiet_server_that_answers_is_not_lost(valkey: ValkeyServer) -> None:
    with Subscription(valkey.url, CHANNEL, quiet_seconds=0.01) as subscription:
        for _ in range(20):
            assert subscription.read(60) is None

        valkey.client().publish(CHANNEL, "still here")
        assert next_message(subscription) == b"still here"


def test_without_a_server_there_is_no_subscription(valkey: ValkeyServer) -> None:
    valkey.stop()

    with pytest.raises(redis.ConnectionError):
        Subscription(valkey.url, CHANNEL, quiet_seconds=5)
