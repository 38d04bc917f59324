"""Two real workers and a scheduler against real hosts: politeness as the hosts themselves see it."""

import dataclasses
import signal
import uuid
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import redis
from flask import Flask

from tasks.host_gate import get_gate
from tasks.host_lines import HostLines
from tasks.host_place import Place, ask_for_place
from tasks.wake import wake
from tests.conftest import running_app, settings_for
from tests.factories import a_scan, row
from tests.process import Process
from tests.stack import beat, worker
from tests.target import Target
from tests.tasks.conftest import News
from tests.valkey_server import ValkeyServer
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.scans.draft import Draft
from webapp.scans.retry_on import RetryOn
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import State
from webapp.settings import Settings

AT_ONCE: Final = 2
A_SECOND: Final = 5
BREAKER_FAILURES: Final = 3
BREAKER_SECONDS: Final = 2.0
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


def submit(*urls: str, **policy: Any) -> list[uuid.UUID]:
    """As one batch."""
    chosen = RetryPolicy(**{"initial_interval": 0.1, **policy})
    submission = lifecycle.submit([Draft(url, policy=chosen) for url in urls], batch_name="")
    assert wake(submission.wake_ups)
    return [change.id for change in submission.changes]


def ends(news: News, ids: list[uuid.UUID]) -> set[State]:
    return {(row(scan_id) if row(scan_id).finished_at else news.end_of(scan_id)).state for scan_id in ids}


def starts(host: Target) -> list[float]:
    return sorted(seen.at for seen in host.requests)


def bursts(host: Target, gap: float) -> list[int]:
    """How many requests came one after the other, between gaps of so many seconds or more."""
    times = starts(host)
    breaks = [n for n in range(1, len(times)) if times[n] - times[n - 1] >= gap - ON_THE_WAY]
    return [end - start for start, end in pairwise([0, *breaks, len(times)])]


@pytest.mark.usefixtures("app")
def test_two_workers_never_exceed_the_limits_of_a_host(host: Target, news: News) -> None:
    ids = submit(*(host.url(f"/slow?seconds=0.3&n={n}") for n in range(12)))

    assert ends(news, ids) == {State.SUCCEEDED}

    times = starts(host)
    assert len(times) == 12 and host.peak == AT_ONCE
    assert all(later - earlier > 1 - ON_THE_WAY for earlier, later in zip(times, times[A_SECOND:], strict=False))
    assert {row(scan_id).attempt for scan_id in ids} == {1}


@pytest.fixture
def elsewhere() -> Iterator[Target]:
    running = Target(address="127.0.0.251")
    yield running
    running.stop()


@pytest.mark.usefixtures("app")
def test_two_workers_never_exceed_the_limits_of_a_host_that_others_redirect_to(
    host: Target, elsewhere: Target, news: News
) -> None:
    led = [host.url(f"/redirect-to?url={elsewhere.url(f'/slow%3Fseconds=0.3%26led={n}')}") for n in range(6)]
    direct = [elsewhere.url(f"/slow?seconds=0.3&direct={n}") for n in range(6)]

    ids = submit(*(url for pair in zip(led, direct, strict=True) for url in pair))

    assert ends(news, ids) == {State.SUCCEEDED}
    times = starts(elsewhere)
    assert len(times) == 12 and elsewhere.peak == AT_ONCE
    assert all(later - earlier > 1 - ON_THE_WAY for earlier, later in zip(times, times[A_SECOND:], strict=False))


@pytest.mark.usefixtures("app")
def test_a_scan_that_is_led_to_a_host_that_wants_a_pause_waits_for_its_end(
    host: Target, elsewhere: Target, news: News
) -> None:
    [asker] = submit(elsewhere.url("/busy?times=1&seconds=2"))
    news.until(asker, lambda event: event["state"] == "waiting")
    [led] = submit(host.url(f"/redirect-to?url={elsewhere.url('/ok')}"), retry_on=RetryOn(("503",)))

    told = news.until(led, lambda event: event["state"] == "waiting")[-1]
    assert told["error_code"] == "HOST_BUSY" and "127.0.0.251 asked to be left alone" in told["error"]

    assert ends(news, [asker, led]) == {State.SUCCEEDED}
    assert bursts(elsewhere, 2)[0] == 1
    assert row(led).attempt == 2


@pytest.mark.usefixtures("app")
def test_a_small_batch_does_not_wait_for_a_large_one_at_the_same_host(host: Target, news: News) -> None:
    large = submit(*(host.url(f"/ok?large={n}") for n in range(16)))
    small = submit(*(host.url(f"/ok?small={n}") for n in range(2)))

    assert ends(news, large + small) == {State.SUCCEEDED}

    last = max(n for n, seen in enumerate(host.requests) if "small" in seen.path)
    # Those that came before it was there, and then one of each in turn.
    assert last < A_SECOND + 2 * len(small) + AT_ONCE


@pytest.mark.usefixtures("app")
def test_a_host_that_asks_for_a_pause_has_it_from_all_its_scans(host: Target, news: News) -> None:
    [first] = submit(host.url("/busy?times=1&seconds=2"))
    # It waits by itself, for as long as it was asked to.
    news.until(first, lambda event: event["state"] == "waiting")

    others = submit(*(host.url(f"/ok?n={n}") for n in range(3)))
    told = news.until(others[0], lambda event: bool(event["held_until"]))[-1]
    assert (told["state"], told["attempt"], told["held_why"]) == ("queued", 0, "asked")

    assert ends(news, [first, *others]) == {State.SUCCEEDED}
    assert bursts(host, 2)[0] == 1
    assert row(first).attempt == 2


@pytest.mark.usefixtures("app")
def test_a_broken_host_is_left_alone_and_then_asked_by_one_probe_at_a_time(host: Target, news: News) -> None:
    failures = BREAKER_FAILURES + 2
    ids = submit(*[host.url(f"/flaky?fail={failures}&status=502")] * 4, max_attempts=9)

    assert ends(news, ids) == {State.SUCCEEDED}

    before, *probes, _ = bursts(host, BREAKER_SECONDS)
    # One may have been under way when the last failure came.
    assert BREAKER_FAILURES <= before < failures
    assert set(probes) == {1} and before + len(probes) == failures


def test_the_place_of_a_worker_that_was_killed_comes_back(
    tmp_path: Path, sqlite_url: str, valkey: ValkeyServer, host: Target
) -> None:
    settings = dataclasses.replace(
        settings_for(tmp_path, sqlite_url, valkey.url), lease_seconds=1.0, host_concurrency=1
    )
    for _ in running_app(settings):
        news = News(valkey.url)
        with worker(settings) as lost:
            [first] = submit(host.url("/gate?name=never"))
            host.wait_for_hits("/gate?name=never", 1)
            [second] = submit(host.url("/ok"))
            news.until(second, lambda event: bool(event["held_since"]))
            lost.signal_group(signal.SIGKILL)
            lost.wait()
        lifecycle.cancel(first)

        with worker(settings), beat(settings):
            assert news.end_of(second).state is State.SUCCEEDED


def test_without_redis_nobody_is_asked_and_the_scan_waits_in_line(
    tmp_path: Path, sqlite_url: str, valkey: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    settings = dataclasses.replace(settings_for(tmp_path, sqlite_url, valkey.url), host_concurrency=1)
    for _ in running_app(settings):
        scan_id = a_scan()
        place = ask_for_place(a_scan(), 1)
        assert isinstance(place, Place)

        valkey.stop()
        held = ask_for_place(scan_id, 1)
        place.leave_untold()
        assert isinstance(held, Change) and held.held_since is not None and row(scan_id).attempt == 0
        assert "Redis is away" in caplog.text
        lines = HostLines(get_gate(), limit=10)
        with pytest.raises(redis.RedisError):
            lines.step()

        valkey.start()
        wake_ups = [lines.step() for _ in range(2)]
        assert wake_ups == [1, 0] and row(scan_id).sent_at is not None
        assert isinstance(ask_for_place(scan_id, 1), Place)
