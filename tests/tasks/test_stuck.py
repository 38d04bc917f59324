"""Attempts that get stuck where no target's behaviour could bring them, on a prefork worker."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tasks.scan import scan
from tests.factories import a_scan, row
from tests.stack import worker
from tests.target import Target
from tests.tasks.conftest import News
from webapp.scans import queries
from webapp.scans.states import Outcome, State
from webapp.settings import Settings


@pytest.fixture
def stuck(app: Flask, settings: Settings) -> Iterator[Flask]:
    with worker(settings, entry="tests.tasks.stuck_entry:celery"):
        yield app


def test_a_parser_that_never_comes_back_and_a_lookup_without_answer_end_on_time(
    stuck: Flask, news: News, target: Target
) -> None:
    parsed = a_scan(target.url("/ok"), attempt_timeout=0.2, initial_interval=600)
    looked_up = a_scan("http://never-answers.example/", attempt_timeout=0.5, initial_interval=600)

    scan.apply_async((str(parsed), 1), soft_time_limit=1)
    scan.apply_async((str(looked_up), 1))

    for scan_id, seconds in ((parsed, 1), (looked_up, 0.5)):
        if row(scan_id).state is not State.WAITING:
            news.until_state(scan_id, "waiting")
        assert row(scan_id).state is State.WAITING
        [attempt] = queries.get_attempts(scan_id)
        took = (attempt.finished_at - attempt.started_at).total_seconds()
        assert attempt.outcome is Outcome.TIMED_OUT
        # The soft limit runs from before the claim.
        assert seconds - 0.2 <= took < seconds + 2
