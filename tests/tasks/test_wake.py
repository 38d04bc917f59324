"""What a wake-up says to the broker, and what it never says."""

import base64
import json
from typing import Any

from flask import Flask

from tasks.celery import SCAN_TASK
from tasks.wake import wake
from tests.factories import a_scan, a_wake_up
from webapp.live.redis_client import get_redis


def messages(app: Flask) -> list[dict[str, Any]]:
    """All that wait in the broker, unpacked."""
    client = get_redis(app)
    lists = [key for key in client.keys() if client.type(key) == b"list"]
    return [json.loads(message) for key in lists for message in client.lrange(key, 0, -1)]


def test_a_wake_up_names_the_scan_and_the_attempt_and_carries_no_secret(app: Flask) -> None:
    scan_id = a_scan("https://target.example/?key=canary-url", headers={"Authorization": "canary-header"})

    assert wake([a_wake_up(scan_id)])

    [message] = messages(app)
    body = base64.b64decode(message.pop("body")).decode()
    assert json.loads(body)[:2] == [[str(scan_id), 1], {}]
    assert message["headers"]["task"] == SCAN_TASK
    assert message["headers"]["timelimit"] == [50, 40]
    assert "canary" not in body + json.dumps(message)


def test_more_wake_ups_than_fit_one_round_trip_all_arrive(app: Flask) -> None:
    scan_id = a_scan()

    assert wake([a_wake_up(scan_id, attempt) for attempt in range(1, 2502)])

    attempts = {json.loads(base64.b64decode(message["body"]))[0][1] for message in messages(app)}
    assert attempts == set(range(1, 2502))


def test_who_was_asked_before_goes_before_who_is_new(app: Flask) -> None:
    assert wake([a_wake_up(a_scan(), 1), a_wake_up(a_scan(), 2)])

    priorities = {
        json.loads(base64.b64decode(message["body"]))[0][1]: message["properties"]["priority"]
        for message in messages(app)
    }
    # Redis' first is 0.
    assert priorities[2] < priorities[1]
