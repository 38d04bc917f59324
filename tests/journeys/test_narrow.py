"""No page is wider than a telephone, whatever the names and addresses on it: nothing is to be scrolled sideways."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.factories import UNAVAILABLE, a_claim, settle
from tests.journeys.moves import Moves
from tests.stack import Site
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.scans.retry_policy import RetryPolicy

LONG = "x" * 200
#: WCAG 2.2, 1.4.10: what 1280 px at 400 % are.
NARROWEST = 320
ADDRESSES = {
    "home": "/",
    "search": f"/?q={LONG}",
    "retry all": f"/scans/retry?q={LONG}",
    "workers": "/workers",
    "templates": "/templates",
    "template": "/templates/new",
    "tokens": "/tokens",
    "users": "/users",
    "account": "/account",
    "scan": "/scans/{scan}",
    "policy": "/scans/{scan}/policy",
    "batch": "/batches/{batch}",
}


@pytest.fixture
def long_ones(moves: Moves) -> Iterator[dict[str, str]]:
    """A scan that waits, and its batch, whose every word is too long for one line."""
    draft = Draft(url=f"https://{'y' * 60}.example/{LONG}?{LONG}", policy=RetryPolicy(initial_interval=3600))
    submission = lifecycle.submit([draft, draft], batch_name=LONG)
    scan_id = submission.changes[0].id
    settle(a_claim(scan_id), UNAVAILABLE)
    yield {"scan": str(scan_id), "batch": str(moves.batch_of(scan_id))}


@pytest.mark.parametrize("name", ADDRESSES)
def test_nothing_is_to_be_scrolled_sideways(page: Page, quiet_site: Site, long_ones: dict[str, str], name: str) -> None:
    page.set_viewport_size({"width": NARROWEST, "height": 700})

    page.goto(quiet_site + ADDRESSES[name].format(**long_ones))
    page.evaluate("for (const details of document.querySelectorAll('main details')) details.open = true")

    expect(page.locator("h1").first).to_be_attached()
    assert too_wide(page) == []


def too_wide(page: Page) -> list[str]:
    """What makes the page wider than its window, if it is."""
    found: list[str] = page.evaluate("""() => {
        const root = document.documentElement;
        if (root.scrollWidth <= root.clientWidth) return [];
        const wide = [...document.querySelectorAll("body *:not(.tabs *)")];
        const tooWide = wide.filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1);
        return tooWide.map((element) => element.outerHTML.slice(0, 120));
    }""")
    return found
