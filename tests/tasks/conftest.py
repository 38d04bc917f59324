"""A real worker and beat on one database for each module, and the news that they send."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask

from tests.conftest import running_app, settings_for
from tests.factories import row
from tests.process import Process
from tests.stack import beat, worker
from webapp.live.events import CHANNEL
from webapp.scans.models import Scan
from webapp.settings import Settings


@pytest.fixture(scope="module")
def stack_settings(
    tmp_path_factory: pytest.TempPathFactory, sqlite_copy: Callable[[Path], str], redis_url: str
) -> Settings:
    home = tmp_path_factory.mktemp("stack")
    return settings_for(home, sqlite_copy(home), redis_url)


@pytest.fixture(scope="module")
def running_worker(stack_settings: Settings) -> Iterator[Process]:
    with worker(stack_settings, concurrency=4) as process, beat(stack_settings):
        yield process


@pytest.fixture
def stack(stack_settings: Settings, running_worker: Process) -> Iterator[Flask]:
    """The app in its context, with a worker and beat beside it."""
    yield from running_app(stack_settings)


class News:
    """What is published of scans, from now on."""

    def __init__(self, redis_url: str) -> None:
        self._pubsub = redis.Redis.from_url(redis_url).pubsub(ignore_subscribe_messages=True)
        self._pubsub.subscribe(CHANNEL)
        self._pubsub.get_message(timeout=5)

    def until(self, scan_id: uuid.UUID, is_it: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """All that is told of the scan up to the event that is meant."""
        heard: list[dict[str, Any]] = []
        while not heard or not is_it(heard[-1]):
            message = self._pubsub.get_message(timeout=20)
            assert message is not None, f"no more news after {heard}"
            event = json.loads(message["data"])
            if event["id"] == str(scan_id):
                heard.append(event)
        return heard

    def until_state(self, scan_id: uuid.UUID, state: str) -> list[dict[str, Any]]:
        return self.until(scan_id, lambda event: bool(event["state"] == state))

    def until_the_end_of(self, scan_id: uuid.UUID) -> list[dict[str, Any]]:
        return self.until(scan_id, lambda event: event["finished_at"] is not None)

    def end_of(self, scan_id: uuid.UUID) -> Scan:
        """Wait for it; returns the row."""
        self.until_the_end_of(scan_id)
        return row(scan_id)


@pytest.fixture
def news(redis_url: str) -> News:
    return News(redis_url)
