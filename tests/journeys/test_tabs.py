"""All tabs of a browser share one stream, however many there are and whichever goes."""

import uuid

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.moves import Moves
from tests.journeys.streams import Streams

TABS = 20
NO_LOCKS = "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })"
HIDE = "Object.defineProperty(document, 'hidden', { value: %s, configurable: true });" + (
    "document.dispatchEvent(new Event('visibilitychange'))"
)


def expect_state(page: Page, scan_id: uuid.UUID, state: str) -> None:
    expect(page.locator(f"#scan-{scan_id}")).to_have_attribute("data-state", state)


def expect_live(page: Page) -> None:
    expect(page.locator("[data-live-word]")).to_have_text("live")


def a_tab(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    expect_live(page)
    return page


def test_twenty_tabs_over_http_1_share_one_stream_and_all_of_them_follow(
    context: BrowserContext, quiet_site: str, moves: Moves, streams: Streams
) -> None:
    (scan_id,) = moves.submit()
    tabs = [context.new_page() for _ in range(TABS)]
    for tab in tabs:
        tab.goto(quiet_site, wait_until="commit")
    for tab in tabs:
        expect_live(tab)
    streams.wait_for(1, tabs[0])

    moves.start(scan_id)

    for tab in tabs:
        expect_state(tab, scan_id, "running")
    assert len(streams.urls) == 1


def test_when_the_tab_that_leads_is_closed_another_takes_over(
    context: BrowserContext, quiet_site: str, moves: Moves, streams: Streams
) -> None:
    (scan_id,) = moves.submit()
    tabs = [a_tab(context, quiet_site) for _ in range(3)]
    streams.wait_for(1, tabs[0])

    (leading,) = streams.holders
    moves.start_unheard(scan_id)
    leading.close()

    left = [tab for tab in tabs if tab is not leading]
    for tab in left:
        expect_live(tab)
        expect_state(tab, scan_id, "running")
    streams.wait_for(1, left[0])
    moves.end(scan_id)
    for tab in left:
        expect_state(tab, scan_id, "succeeded")


def test_tabs_that_show_different_scans_get_what_each_shows(
    context: BrowserContext, quiet_site: str, moves: Moves, streams: Streams
) -> None:
    first, second = moves.submit(3, batch="one"), moves.submit(2, batch="two")
    batch = moves.start(first[0]).batch_id
    other_batch = moves.start(second[0]).batch_id
    pages = [a_tab(context, f"{quiet_site}/batches/{each}") for each in (batch, other_batch)]
    scan = a_tab(context, f"{quiet_site}/scans/{first[0]}")
    streams.wait_for(1, scan)

    moves.end(first[0])
    moves.end(second[0])

    expect(scan.locator("#scan-head")).to_have_attribute("data-state", "succeeded")
    for page, scan_id, total in zip(pages, (first[0], second[0]), (3, 2), strict=True):
        expect_state(page, scan_id, "succeeded")
        expect(page.locator('[data-count="succeeded"]')).to_have_text("1")
        expect(page.locator(".batch-done")).to_contain_text(f"1 of {total} done")
    assert len(streams.urls) == 1


def test_more_scans_than_a_request_can_name_are_followed_by_a_wider_stream(
    context: BrowserContext, quiet_site: str, moves: Moves, streams: Streams
) -> None:
    ids = moves.submit(250, batch="wide")
    cursors = ["", *(f"?cursor={ids[49 + 50 * n]}" for n in range(4))]
    tabs = [a_tab(context, f"{quiet_site}/{cursor}") for cursor in cursors]
    streams.wait_for(1, tabs[0])

    moves.start(ids[0])
    moves.start(ids[249])

    expect_state(tabs[0], ids[0], "running")
    expect_state(tabs[-1], ids[249], "running")
    assert "ids=" not in streams.urls[0]


def test_without_locks_each_tab_that_is_looked_at_has_a_stream_of_its_own(
    context: BrowserContext, quiet_site: str, moves: Moves, streams: Streams
) -> None:
    context.add_init_script(NO_LOCKS)
    (scan_id,) = moves.submit()
    first, second = a_tab(context, quiet_site), a_tab(context, quiet_site)
    streams.wait_for(2, first)

    first.evaluate(HIDE % "true")
    streams.wait_for(1, second)
    moves.start_unheard(scan_id)
    first.evaluate(HIDE % "false")

    expect_live(first)
    expect_state(first, scan_id, "running")
    streams.wait_for(2, first)


@pytest.mark.parametrize("step", ["reload", "back"])
def test_a_tab_that_leads_keeps_following_when_it_goes_elsewhere(
    page: Page, quiet_site: str, moves: Moves, streams: Streams, step: str
) -> None:
    (scan_id,) = moves.submit()
    page.goto(quiet_site)
    expect_live(page)
    page.locator(f"#scan-{scan_id} .row-link").click()
    expect(page.locator("#scan-head")).to_be_visible()
    expect_live(page)

    page.go_back() if step == "back" else page.goto(quiet_site)
    expect_live(page)
    moves.start(scan_id)

    expect_state(page, scan_id, "running")
    streams.wait_for(1, page)


def test_a_tab_that_leads_and_is_frozen_hands_over_and_is_right_when_it_thaws(
    context: BrowserContext, quiet_site: str, moves: Moves, streams: Streams
) -> None:
    (scan_id,) = moves.submit()
    first, second = a_tab(context, quiet_site), a_tab(context, quiet_site)
    streams.wait_for(1, first)
    (leading,) = streams.holders
    other = second if leading is first else first
    browser = context.new_cdp_session(leading)

    browser.send("Page.setWebLifecycleState", {"state": "frozen"})
    moves.start(scan_id)
    expect_state(other, scan_id, "running")
    moves.end(scan_id)
    expect_state(other, scan_id, "succeeded")
    browser.send("Page.setWebLifecycleState", {"state": "active"})

    expect_state(leading, scan_id, "succeeded")
    expect_live(leading)
