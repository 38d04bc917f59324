"""Two real workers and a scheduler against real hosts: politeness as the hosts themselves see it."""

import dataclasses
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from flask import Flask

from tasks.wake import wake
from tests.conftest import running_app, settings_for
from tests.factories import row
from tests.process import Process
from tests.stack import beat, worker
from tests.target import Target
from tests.tasks.conftest import News
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import State
from webapp.settings import Settings

AT_ONCE: Final = 2
A_SECOND: Final = 5
BREAKER_FAILURES: Final = 3
BREAKER_SECONDS: Final = 1.0
#: Between the start that was allowed and the request that came lie a claim and a connection.
ON_THE_WAY: Final = 0.2


@pytest.fixture(scope="module")
def polite(tmp_path_factory: pytest.TempPathFactory, sqlite_copy: Callable[[Path], str], redis_url: str) -> Settings:
    home = tmp_path_factory.mktemp("polite")
    return dataclasses.replace(
        settings_for(home, sqlite_copy(home), redis_url),
        host_concurrency=AT_ONCE,
        host_starts_per_second=float(A_SECOND),
        host_breaker_failures=BREAKER_FAILURES,
        host_breaker_seconds=BREAKER_SECONDS,
        host_pause_cap=3600.0,
        lease_seconds=1.0,
    )


@pytest.fixture(scope="module")
def workers(polite: Settings) -> Iterator[tuple[Process, Process]]:
    with worker(polite, concurrency=4) as one, worker(polite, concurrency=4) as two, beat(polite):
        yield one, two


@pytest.fixture
def app(polite: Settings, workers: tuple[Process, Process]) -> Iterator[Flask]:
    yield from running_app(polite)


@pytest.fixture
def host(request: pytest.FixtureRequest) -> Iterator[Target]:
    """A host of the test's own."""
    number = sum(map(ord, request.node.name)) % 200 + 20
    running = Target(address=f"127.0.0.{number}")
    yield running
    running.stop()


def submit(*urls: str, **policy: float) -> list[uuid.UUID]:
    chosen = RetryPolicy(**{"initial_interval": 0.1, **policy})  # type: ignore[arg-type]
    submission = lifecycle.submit([Draft(url, policy=chosen) for url in urls], batch_name="")
    assert wake(submission.wake_ups)
    return [change.id for change in submission.changes]


def ends(news: News, ids: list[uuid.UUID]) -> set[State]:
    return {news.end_of(scan_id).state for scan_id in ids if row(scan_id).finished_at is None} | {
        row(scan_id).state for scan_id in ids
    }


@pytest.mark.usefixtures("app")
def test_two_workers_never_exceed_the_limits_of_a_host(host: Target, news: News) -> None:
    ids = submit(*(host.url(f"/slow?seconds=0.3&n={n}") for n in range(14)))

    assert ends(news, ids) == {State.SUCCEEDED}

    starts = [seen.at for seen in host.requests]
    assert len(starts) == 14 and host.peak == AT_ONCE
    assert all(later - earlier > 1 - ON_THE_WAY for earlier, later in zip(starts, starts[A_SECOND:], strict=False))
    assert {row(scan_id).attempt for scan_id in ids} == {1}
