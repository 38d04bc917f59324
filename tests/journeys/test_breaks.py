"""When the news break off, the page says so, and is right again by itself."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import settings_for
from tests.stack import Site, beat, web, worker
from tests.target import Target
from tests.valkey_server import ValkeyServer


@pytest.fixture
def own_site(tmp_path: Path, sqlite_url: str, valkey: ValkeyServer) -> Iterator[str]:
    """A Tilldone whose Valkey the test may stop."""
    settings = settings_for(tmp_path, sqlite_url, valkey.url)
    with web(settings) as address, worker(settings), beat(settings):
        yield address


def test_a_stream_that_was_cut_is_resumed_and_what_was_missed_is_shown(
    page: Page, context: BrowserContext, site: str, target: Target
) -> None:
    page.goto(site)
    page.fill("[data-urls]", target.url("/gate?name=cut"))
    page.click("[data-scan-button]")
    head = page.locator("#scan-head")
    expect(head).to_have_attribute("data-state", "running")
    expect(page.locator("[data-live-word]")).to_have_text("live")

    context.set_offline(True)
    expect(page.locator("[data-live-word]")).to_have_text("offline")
    expect(page.locator("[data-offline-notice]")).to_be_visible()
    target.open("cut")
    context.set_offline(False)

    expect(head).to_have_attribute("data-state", "succeeded")
    expect(page.locator("[data-live-word]")).to_have_text("live")


def test_when_redis_was_away_every_page_is_right_again(
    page: Page, own_site: str, target: Target, valkey: ValkeyServer
) -> None:
    page.goto(own_site)
    page.fill("[data-urls]", target.url("/gate?name=redis"))
    page.click("[data-scan-button]")
    head = page.locator("#scan-head")
    expect(head).to_have_attribute("data-state", "running")
    expect(page.locator("[data-live-word]")).to_have_text("live")

    valkey.kill()
    expect(page.locator("[data-live-word]")).to_have_text(re.compile("catching up|offline"))
    target.open("redis")
    valkey.start()

    expect(head).to_have_attribute("data-state", "succeeded", timeout=30_000)
    expect(page.locator("[data-live-word]")).to_have_text("live")


def test_without_javascript_people_submit_and_see_by_reload(browser: Browser, site: Site, target: Target) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.login_link)
    page.fill("[name=urls]", target.url("/gate?name=nojs"))
    page.click("[data-scan-button]")
    page.wait_for_url(re.compile("/scans/"))
    target.wait_for_hits("/gate?name=nojs", 1)
    page.reload()
    expect(page.locator("#scan-head")).to_have_attribute("data-state", "running")
    expect(page.locator("noscript, .noscript").first).to_be_attached()

    page.get_by_role("button", name="Cancel").click()

    expect(page.locator("#scan-head")).to_have_attribute("data-state", "canceled")
    page.goto(site)
    expect(page.locator("[data-scan]").first).to_have_attribute("data-state", "canceled")
    target.open("nojs")
    context.close()
