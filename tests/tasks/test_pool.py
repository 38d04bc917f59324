"""A child that was killed is found dead when it can be waited for, and not five seconds later."""

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from tasks.pool import Pool
from tests.stack import worker
from tests.target import Target
from tests.tasks.conftest import News
from tests.tasks.test_crashes import pool_children, started
from webapp.scans import queries
from webapp.settings import Settings

#: Celery looks so often by itself.
REGULAR_LOOK_SECONDS = 5.0


class Hub:
    """Runs what is to be called later when it is told to."""

    def __init__(self) -> None:
        self.later: list[tuple[Callable[..., None], Any]] = []

    def call_later(self, seconds: float, callback: Callable[..., None], *args: Any) -> None:
        assert 0 < seconds < 1
        self.later.append((callback, args))

    def run(self) -> bool:
        due, self.later = self.later, []
        for callback, args in due:
            callback(*args)
        return bool(due)


@pytest.mark.parametrize(("dead_at", "looks"), [(1, 1), (2, 2), (7, 7), (10_000, 51)])
def test_it_looks_until_the_child_is_gone_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, dead_at: int, looks: int
) -> None:
    child, pool, hub = SimpleNamespace(), Pool.__new__(Pool), Hub()
    pool._pool = [child]
    looked = itertools.count(1)
    made = 0

    def maintain_pool() -> None:
        nonlocal made
        made = next(looked)
        if made == dead_at:
            pool._pool.remove(child)

    monkeypatch.setattr(pool, "maintain_pool", maintain_pool)

    pool._event_process_exit(hub, child)
    while hub.run():
        pass

    assert made == looks


def test_each_death_of_a_child_is_noticed_before_the_regular_look(
    app: Flask, settings: Settings, news: News, target: Target
) -> None:
    with worker(settings, concurrency=1, LEASE_SECONDS="60") as process:
        for n in range(6):
            gate = f"death-{n}"
            wake_up = started(target, gate)
            for child in pool_children(process.pid):
                child.kill()
            target.open(gate)
            news.end_of(wake_up.scan_id)

            first, second = queries.get_attempts(wake_up.scan_id)
            assert (second.started_at - first.started_at).total_seconds() < REGULAR_LOOK_SECONDS - 1
