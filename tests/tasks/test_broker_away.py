"""A Valkey that is away while a worker is busy: the worker goes on when it is back, whatever it could not tell it."""

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask

from tasks.wake import wake
from tests.conftest import running_app
from tests.factories import a_scan, a_wake_up
from tests.stack import worker
from tests.target import Target
from tests.valkey_server import ValkeyServer
from webapp.settings import Settings


@pytest.fixture
def own_settings(settings: Settings, valkey: ValkeyServer) -> Settings:
    """Those of a stack whose Valkey the test may kill."""
    broker_url = valkey.url.replace("unix://", "redis+socket://", 1)
    return dataclasses.replace(settings, redis_url=valkey.url, broker_url=broker_url)


@pytest.fixture
def own_app(own_settings: Settings) -> Iterator[Flask]:
    yield from running_app(own_settings)


@pytest.mark.parametrize("pool", ["prefork", "threads", "gevent"])
def test_a_worker_whose_slots_were_all_busy_takes_scans_again(
    own_app: Flask, own_settings: Settings, valkey: ValkeyServer, target: Target, pool: str
) -> None:
    with worker(own_settings, pool=pool, concurrency=2) as process:
        for name in ("a", "b"):
            assert wake([a_wake_up(a_scan(target.url(f"/gate?name={pool}-{name}")))])
        for name in ("a", "b"):
            target.wait_for_hits(f"/gate?name={pool}-{name}", 1)

        valkey.kill()
        for name in ("a", "b"):
            target.open(f"{pool}-{name}")
            process.wait_for("Couldn't ack")
        valkey.start()

        # The broker of this test keeps nothing over a restart, so nothing else can wake the worker up.
        path = f"/ok?{pool}-after"
        scan = a_wake_up(a_scan(target.url(path)))
        process.wait_for("Connected to", 20)
        assert wake([scan])
        target.wait_for_hits(path, 1, timeout=20)
