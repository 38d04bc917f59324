"""A whole Tilldone and a real browser: what a person sees."""

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import running_app, settings_for
from tests.journeys.moves import Moves
from tests.journeys.streams import Streams
from tests.stack import Site, beat, is_ci, web, worker
from webapp.settings import Settings

CHROMIUM_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="module")
def journey_settings(
    tmp_path_factory: pytest.TempPathFactory, sqlite_copy: Callable[[Path], str], redis_url: str
) -> Settings:
    home = tmp_path_factory.mktemp("journey")
    return settings_for(home, sqlite_copy(home), redis_url)


@pytest.fixture(scope="module")
def site(journey_settings: Settings) -> Iterator[Site]:
    """The address of a running Tilldone, fresh for each module."""
    with web(journey_settings) as address, worker(journey_settings, concurrency=4), beat(journey_settings):
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        if is_ci():
            pytest.fail("CI needs Chromium for the journeys; install it or name it in CHROMIUM.")
        warnings.warn("NO BROWSER: the journeys are skipped; install chromium to run them.", stacklevel=1)
        pytest.skip("NO BROWSER: the journeys are skipped; install chromium to run them.")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser of its own; in the site that the test asks for it has followed a one-time link."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    for name in request.fixturenames:
        if name.endswith("site"):
            context.request.get(request.getfixturevalue(name).login_link, max_redirects=0)
    yield context
    context.close()


@pytest.fixture(scope="module")
def quiet_site(journey_settings: Settings) -> Iterator[Site]:
    """A Tilldone whose scans move only when the test moves them."""
    with web(journey_settings) as address:
        yield address


@pytest.fixture
def moves(quiet_site: str, journey_settings: Settings) -> Iterator[Moves]:
    """Moves the scans of the quiet site."""
    for _ in running_app(journey_settings):
        yield Moves()


@pytest.fixture
def streams(context: BrowserContext) -> Streams:
    """Those that the browser holds open."""
    return Streams(context)


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab; whatever its console calls an error fails the test."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    expected = (
        "the server responded with a status of 422",
        "ERR_INTERNET_DISCONNECTED",
        "ERR_INCOMPLETE_CHUNKED",
        "ERR_CONNECTION_REFUSED",
    )
    unexpected = [error for error in errors if not any(words in error for words in expected)]
    assert not unexpected, unexpected
