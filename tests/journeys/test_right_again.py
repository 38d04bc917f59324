"""Whatever breaks, sleeps or lies about the time: within seconds the page shows what the database says."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Locator, Page, Route, expect

from tests.conftest import running_app, settings_for
from tests.factories import UNAVAILABLE
from tests.journeys.moves import Moves
from tests.journeys.streams import Streams
from tests.stack import free_port, web
from tests.valkey_server import ValkeyServer
from webapp.settings import Settings

HOURS_AHEAD = 3
SKEWED = f"""
    const {{ now }} = Date;
    Date.now = () => now() + {HOURS_AHEAD} * 3_600_000;
"""
SET_HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""

#: A tab that the news of scans do not reach, and that shows what was so long ago.
DEAF_AND_OLD = """
    const { addEventListener } = BroadcastChannel.prototype;
    BroadcastChannel.prototype.addEventListener = function (type, hear) {
        addEventListener.call(this, type, (event) => event.data.kind === "news" || hear(event));
    };
    addEventListener.call(document, "DOMContentLoaded", () => {
        for (const row of document.querySelectorAll("[data-scan]")) row.dataset.revision = -1;
    });
"""


def scan_row(page: Page, scan_id: uuid.UUID) -> Locator:
    return page.locator(f"#scan-{scan_id}")


def chip(page: Page) -> Locator:
    return page.locator("[data-live-word]")


def open_list(page: Page, address: str) -> None:
    page.goto(address)
    expect(chip(page)).to_have_text("live")


def expect_right(page: Page, scan_id: uuid.UUID, state: str) -> None:
    expect(chip(page)).to_have_text("live")
    expect(scan_row(page, scan_id)).to_have_attribute("data-state", state)


def test_offline_and_back_the_list_is_read_again_and_new_scans_wait(
    page: Page, context: BrowserContext, quiet_site: str, moves: Moves
) -> None:
    (scan_id,) = moves.submit()
    open_list(page, quiet_site)

    context.set_offline(True)
    expect(chip(page)).to_have_text("offline")
    moves.start(scan_id)
    moves.end(scan_id)
    moves.submit(2)
    context.set_offline(False)

    expect_right(page, scan_id, "succeeded")
    expect(page.locator("[data-new-scans]")).to_contain_text("2 new")
    expect(page.locator('[data-count="queued"]')).to_have_text("2")


def test_an_older_revision_changes_nothing(page: Page, quiet_site: str, moves: Moves) -> None:
    scan_id, witness = moves.submit(2)
    open_list(page, quiet_site)
    running = moves.start(scan_id)
    moves.end(scan_id)
    expect(scan_row(page, scan_id)).to_have_attribute("data-state", "succeeded")

    moves.tell(running)
    moves.start(witness)

    expect(scan_row(page, witness)).to_have_attribute("data-state", "running")
    expect(scan_row(page, scan_id)).to_have_attribute("data-state", "succeeded")


def test_a_countdown_is_right_though_the_browser_is_hours_ahead(
    page: Page, context: BrowserContext, quiet_site: str, moves: Moves
) -> None:
    context.add_init_script(SKEWED)
    shown, patched = moves.submit(2)
    moves.let_wait(shown)

    open_list(page, quiet_site)
    moves.let_wait(patched)

    for scan_id in (shown, patched):
        expect(scan_row(page, scan_id).locator(".next")).to_have_text(re.compile(r"in (10 m|9 m 5\d s)"))
        expect(scan_row(page, scan_id).locator(".age")).to_have_text(re.compile(r"now|\d+ s"))


def test_a_computer_that_slept_shows_how_things_stand_now(page: Page, quiet_site: str, moves: Moves) -> None:
    (scan_id,) = moves.submit()
    page.clock.install()
    open_list(page, quiet_site)

    moves.start_unheard(scan_id)
    page.clock.fast_forward("30:00")

    expect_right(page, scan_id, "running")


def test_a_tab_that_nobody_looks_at_gives_its_stream_back_and_is_right_when_it_is_seen(
    page: Page, quiet_site: str, moves: Moves, streams: Streams
) -> None:
    (scan_id,) = moves.submit()
    page.clock.install()
    open_list(page, quiet_site)

    page.evaluate(SET_HIDDEN, True)
    page.clock.fast_forward("00:35")
    streams.wait_for(0, page)
    moves.start(scan_id)
    page.evaluate(SET_HIDDEN, False)

    expect_right(page, scan_id, "running")
    streams.wait_for(1, page)


@contextmanager
def moving(settings: Settings) -> Iterator[Moves]:
    for _ in running_app(settings):
        yield Moves()


@pytest.fixture
def own_settings(tmp_path: Path, sqlite_url: str, valkey: ValkeyServer) -> Settings:
    """Of a Tilldone that the test may break."""
    return replace(settings_for(tmp_path, sqlite_url, valkey.url), redis_url=valkey.url)


def test_a_valkey_that_restarts_is_told_at_once_and_what_went_by_is_shown(
    page: Page, own_settings: Settings, valkey: ValkeyServer
) -> None:
    reads: list[str] = []
    page.on("request", lambda request: reads.append(request.url) if "/partials/" in request.url else None)
    with web(own_settings) as address, moving(own_settings) as moves:
        page.request.get(address.login_link, max_redirects=0)
        (scan_id,) = moves.submit()
        open_list(page, address)

        valkey.stop()
        expect(chip(page)).to_have_text("catching up")
        moves.start_unheard(scan_id)
        valkey.start()

        expect_right(page, scan_id, "running")
        # The stream itself told it: beside thousands of pages, requests would take a minute.
        assert reads == []
        moves.end(scan_id)
        expect_right(page, scan_id, "succeeded")


def test_a_deploy_is_over_when_the_new_server_answers(page: Page, own_settings: Settings) -> None:
    port = free_port()
    with moving(own_settings) as moves:
        (scan_id,) = moves.submit()
        with web(own_settings, port=port) as address:
            page.request.get(address.login_link, max_redirects=0)
            open_list(page, address)
        expect(chip(page)).not_to_have_text("live")
        moves.start_unheard(scan_id)

        with web(own_settings, port=port):
            expect_right(page, scan_id, "running")
            moves.end(scan_id)
            expect_right(page, scan_id, "succeeded")


def test_a_page_that_is_read_slowly_says_so_and_is_live_in_the_end(page: Page, quiet_site: str) -> None:
    held: list[Route] = []
    page.clock.install()
    # What nobody looks at is not drawn: it is read.
    page.add_init_script("Object.defineProperty(document, 'hidden', { value: true })")
    page.route("**/partials/list*", lambda route: held.append(route))
    with page.expect_request("**/partials/list*"):
        page.goto(quiet_site)

    page.clock.fast_forward("00:02")
    expect(chip(page)).to_have_text("catching up")
    held[0].continue_()

    expect(chip(page)).to_have_text("live")


def test_a_tab_that_did_not_hear_what_the_stream_told_reads_it(
    page: Page, context: BrowserContext, quiet_site: str, moves: Moves
) -> None:
    moves.submit()
    open_list(page, quiet_site)
    (scan_id,) = moves.submit()
    late = context.new_page()
    late.add_init_script(DEAF_AND_OLD)

    with late.expect_request("**/partials/list*"):
        late.goto(quiet_site)

    expect(chip(late)).to_have_text("live")
    expect(scan_row(late, scan_id)).to_have_attribute("data-revision", re.compile(r"\d+"))


def test_an_attempt_that_came_and_went_between_two_news_is_shown_on_its_scans_page(
    page: Page, quiet_site: str, moves: Moves
) -> None:
    (scan_id,) = moves.submit(wait_seconds=0)
    moves.let_wait(scan_id)
    page.goto(f"{quiet_site}/scans/{scan_id}")
    expect(chip(page)).to_have_text("live")
    expect(page.locator("#attempts .attempt")).to_have_count(1)

    moves.start_unheard(scan_id, 2)
    moves.end(scan_id, UNAVAILABLE)

    expect(page.locator("#attempts .attempt")).to_have_count(2)


def test_a_scans_page_is_live_only_when_its_attempts_are_read_too(
    page: Page, context: BrowserContext, quiet_site: str, moves: Moves
) -> None:
    (scan_id,) = moves.submit()
    page.goto(f"{quiet_site}/scans/{scan_id}")
    expect(chip(page)).to_have_text("live")
    page.route("**/partials/scan/*", lambda route: route.abort("connectionrefused"))
    with page.expect_event("requestfailed", lambda request: "/partials/scan" in request.url):
        moves.let_wait(scan_id)
    context.set_offline(True)
    expect(chip(page)).not_to_have_text("live")

    with page.expect_event("requestfailed", lambda request: "/partials/scan" in request.url):
        context.set_offline(False)
    expect(chip(page)).not_to_have_text("live")
    page.unroute("**/partials/scan/*")

    expect(chip(page)).to_have_text("live")
    expect(page.locator("#attempts .attempt")).to_have_count(1)


@pytest.mark.parametrize("part", ["scan", "list", "batch"])
def test_what_the_stream_does_not_tell_and_could_not_be_read_is_read_later(
    page: Page, quiet_site: str, moves: Moves, part: str
) -> None:
    scan_id, _ = moves.submit(2, batch=f"part {part}")
    batch_id = moves.batch_of(scan_id)
    page.clock.install()
    open_list(page, quiet_site + {"scan": f"/scans/{scan_id}", "list": "/", "batch": f"/batches/{batch_id}"}[part])
    page.route(f"**/partials/{part}*", lambda route: route.abort("connectionrefused"), times=1)
    page.route(f"**/partials/{part}/*", lambda route: route.abort("connectionrefused"), times=1)
    with page.expect_event("requestfailed", lambda request: f"/partials/{part}" in request.url):
        moves.submit() if part == "list" else moves.start(scan_id)
        if part == "batch":
            expect(page.locator('[data-count="running"]')).to_have_text("1")
        page.clock.fast_forward("00:10")

    with page.expect_event("requestfinished", lambda request: f"/partials/{part}" in request.url):
        page.clock.fast_forward("00:10")


def test_after_a_break_a_list_of_one_state_tells_of_scans_that_took_the_place_of_others(
    page: Page, context: BrowserContext, quiet_site: str, moves: Moves
) -> None:
    waits, runs = moves.submit(2, wait_seconds=0)
    moves.let_wait(waits)
    moves.start(runs)
    open_list(page, f"{quiet_site}/?state=waiting")
    expect(scan_row(page, waits)).to_have_attribute("data-state", "waiting")

    context.set_offline(True)
    expect(chip(page)).not_to_have_text("live")
    moves.start(waits, 2)
    moves.end(runs, UNAVAILABLE)
    context.set_offline(False)

    expect_right(page, waits, "running")
    expect(page.locator("[data-new-scans]")).to_contain_text("1 new")


def test_a_scan_that_came_while_new_ones_were_counted_is_counted_too(page: Page, quiet_site: str, moves: Moves) -> None:
    held: list[tuple[Route, APIResponse]] = []
    open_list(page, quiet_site)
    page.route("**/partials/list*", lambda route: held.append((route, route.fetch())), times=1)
    with page.expect_request("**/partials/list*"):
        moves.submit()
    count = page.locator('[data-count="queued"]')
    before = int(count.inner_text())
    moves.submit()
    expect(count).to_have_text(str(before + 1))

    held[0][0].fulfill(response=held[0][1])

    expect(page.locator("[data-new-scans]")).to_contain_text("2 new")
