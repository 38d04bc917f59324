"""A person sees what the workers do, and that nobody does anything when they are gone."""

import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tasks.presence import BEAT, WORKER, show_presence
from tests.conftest import running_app
from tests.process import Process
from tests.stack import web, worker
from tests.target import Target
from webapp.settings import Settings


@pytest.fixture
def own_app(settings: Settings) -> Iterator[Flask]:
    yield from running_app(settings)


@pytest.fixture
def own_worker(settings: Settings) -> Iterator[Process]:
    """A worker that the test may stop."""
    with worker(settings) as process:
        yield process


@pytest.fixture
def own_site(settings: Settings, own_app: Flask) -> Iterator[str]:
    # The beat is not what this is about: it is shown, and never started.
    show_presence(own_app, BEAT)
    with web(settings) as address:
        yield address


def test_the_page_of_the_workers_follows_by_itself_and_every_page_says_when_they_are_gone(
    page: Page, own_app: Flask, own_worker: Process, own_site: str, target: Target
) -> None:
    page.goto(f"{own_site}/workers")
    expect(page.locator(".worker")).to_contain_text("Free: it runs nothing now.")
    page.request.post(f"{own_site}/api/v1/scans", data={"url": target.url("/gate?name=seen")})
    expect(page.locator(".worker .run")).to_contain_text("/gate?name=seen")
    target.open("seen")
    expect(page.locator(".worker .run")).to_have_count(0)

    page.goto(own_site)
    expect(page.locator("[data-live-word]")).to_have_text("live")
    expect(page.locator("[data-missing]")).to_have_count(0)
    own_worker.stop()
    show_presence(own_app, BEAT)
    assert _seconds(lambda: expect(page.locator("[data-missing=worker]")).to_be_visible()) < 5

    show_presence(own_app, WORKER)
    assert _seconds(lambda: expect(page.locator("[data-missing]")).to_have_count(0)) < 5


def _seconds(wait: Callable[[], None]) -> float:
    started = time.monotonic()
    wait()
    return time.monotonic() - started
