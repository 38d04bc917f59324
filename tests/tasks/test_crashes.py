"""Real processes, really killed: every scan goes on, and soon."""

import signal

import psutil
import pytest
from flask import Flask

from tasks.wake import wake
from tests.factories import a_scan, a_wake_up, row
from tests.stack import beat, worker
from tests.target import Target
from tests.tasks.conftest import News
from webapp.scans import lifecycle, queries
from webapp.scans.states import ErrorCode, Outcome, State, Trigger
from webapp.settings import Settings


def started(target: Target, gate: str) -> lifecycle.WakeUp:
    """A scan whose attempt is under way, and stays so until the gate is opened."""
    path = f"/gate?name={gate}"
    wake_up = a_wake_up(a_scan(target.url(path)))
    assert wake([wake_up])
    target.wait_for_hits(path, 1)
    return wake_up


def pool_children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def seconds_until_resumed(wake_up: lifecycle.WakeUp) -> float:
    first, second = queries.get_attempts(wake_up.scan_id)
    return (second.started_at - first.finished_at).total_seconds()


def test_a_killed_child_costs_one_attempt_and_the_scan_goes_on_at_once(
    app: Flask, settings: Settings, news: News, target: Target
) -> None:
    # No scheduler and a lease that nobody would wait out: whoever goes on was told of the loss.
    with worker(settings, concurrency=2, LEASE_SECONDS="60") as process:
        wake_up = started(target, "child")
        for child in pool_children(process.pid):
            child.kill()
        target.open("child")

        assert news.end_of(wake_up.scan_id).state is State.SUCCEEDED

    first, second = queries.get_attempts(wake_up.scan_id)
    assert (first.outcome, first.error_code) == (Outcome.INTERRUPTED, ErrorCode.WORKER_LOST)
    assert (second.outcome, second.trigger) == (Outcome.SUCCEEDED, Trigger.REDELIVERED)
    assert row(wake_up.scan_id).crashes == 1
    assert seconds_until_resumed(wake_up) < 20


def test_a_scan_that_kills_each_child_is_abandoned(app: Flask, settings: Settings, news: News, target: Target) -> None:
    with worker(settings, concurrency=1) as process:
        path = "/gate?name=poison"
        scan_id = a_scan(target.url(path))
        assert wake([a_wake_up(scan_id)])
        for hits in range(1, settings.max_crashes + 1):
            target.wait_for_hits(path, hits)
            for child in pool_children(process.pid):
                child.kill()

        ended = news.end_of(scan_id)

    assert (ended.state, ended.attempt) == (State.ABANDONED, settings.max_crashes)


def test_a_worker_that_was_killed_whole_is_missed_when_its_lease_is_over(
    app: Flask, settings: Settings, news: News, target: Target
) -> None:
    quick = {"LEASE_SECONDS": "1"}
    with beat(settings, **quick):
        with worker(settings, **quick) as process:
            wake_up = started(target, "group")
            process.signal_group(signal.SIGKILL)
        with worker(settings, **quick):
            target.open("group")

            assert news.end_of(wake_up.scan_id).state is State.SUCCEEDED

    assert [attempt.outcome for attempt in queries.get_attempts(wake_up.scan_id)] == [
        Outcome.INTERRUPTED,
        Outcome.SUCCEEDED,
    ]


@pytest.mark.parametrize(
    ("pool", "is_to_group"),
    [("prefork", True), ("prefork", False), ("threads", False), ("gevent", False)],
    ids=["prefork, group", "prefork, main", "threads", "gevent"],
)
def test_a_worker_that_is_told_to_stop_hands_its_scan_back(
    app: Flask, settings: Settings, news: News, target: Target, pool: str, is_to_group: bool
) -> None:
    # A lease that nobody would wait out.
    like_a_platform = {"REMAP_SIGTERM": "SIGQUIT", "GRACE_SECONDS": "5", "LEASE_SECONDS": "60"}
    gate = f"stop-{pool}-{is_to_group}"
    with worker(settings, pool=pool, **like_a_platform) as old:
        wake_up = started(target, gate)
        with worker(settings, pool=pool, **like_a_platform):
            (old.signal_group if is_to_group else old.signal)(signal.SIGTERM)
            assert old.wait(5) == 0, old.output
            target.open(gate)

            assert news.end_of(wake_up.scan_id).state is State.SUCCEEDED

    first, second = queries.get_attempts(wake_up.scan_id)
    assert (first.outcome, second.outcome) == (Outcome.INTERRUPTED, Outcome.SUCCEEDED)
    assert row(wake_up.scan_id).crashes == 0
    assert seconds_until_resumed(wake_up) < 20


@pytest.mark.parametrize("pool", ["prefork", "threads", "gevent"])
def test_a_scan_that_is_canceled_while_it_runs_gives_its_place_to_the_next(
    app: Flask, settings: Settings, news: News, target: Target, pool: str
) -> None:
    with worker(settings, pool=pool, concurrency=1, LEASE_SECONDS="1"):
        hanging = started(target, f"never-{pool}")
        following = a_wake_up(a_scan(target.url("/ok")))
        assert wake([following])

        lifecycle.cancel(hanging.scan_id)

        assert news.end_of(following.scan_id).state is State.SUCCEEDED
