"""A person sees what the workers do, and that nobody does anything when they are gone."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tasks.presence import BEAT, WORKER, leave, list_present, show_presence
from tests.conftest import running_app
from tests.factories import a_claim, a_scan
from tests.stack import web
from webapp.settings import Settings


@pytest.fixture
def own_app(settings: Settings) -> Iterator[Flask]:
    """This process, shown as worker and beat at once: real ones would take their time to start and stop."""
    for app in running_app(settings):
        show_presence(app, WORKER)
        show_presence(app, BEAT)
        yield app
        leave(app, WORKER)
        leave(app, BEAT)


@pytest.fixture
def own_site(settings: Settings, own_app: Flask) -> Iterator[str]:
    with web(settings) as address:
        yield address


def test_the_page_of_the_workers_follows_by_itself_and_home_says_when_they_are_gone(
    page: Page, own_app: Flask, own_site: str
) -> None:
    name = list_present(WORKER)[0].name
    a_claim(a_scan(), worker=name)
    page.goto(f"{own_site}/workers")
    runs = page.locator(".worker .run-link")
    runs.focus()
    a_claim(a_scan(), worker=name)
    expect(runs).to_have_count(2)
    expect(runs.first).to_be_focused()

    page.goto(own_site)
    expect(page.locator("[data-missing]")).to_have_count(0)
    leave(own_app, WORKER)
    show_presence(own_app, BEAT)
    expect(page.locator("[data-missing=worker]")).to_be_visible(timeout=10_000)

    show_presence(own_app, WORKER)
    expect(page.locator("[data-missing]")).to_have_count(0, timeout=10_000)
