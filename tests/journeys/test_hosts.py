"""What a person sees while a scan waits for its host."""

import re

from playwright.sync_api import Page, expect

from tests.factories import a_scan, asked
from tests.journeys.moves import Moves
from tests.stack import Site
from webapp.live.publisher import publish
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.scans.host_limits import Shut
from webapp.scans.states import HoldReason


def tell(change: Change | None) -> None:
    assert change is not None
    publish([change])


def test_a_row_says_that_it_waits_for_its_host_and_until_when(page: Page, quiet_site: Site, moves: Moves) -> None:
    scan_id = a_scan("https://busy.example/export/17")
    page.goto(quiet_site)
    next_ = page.locator(f"#scan-{scan_id} [data-part=next]")
    expect(page.locator("html")).to_have_attribute("data-live", "live")

    tell(lifecycle.hold(scan_id, 1, shut=None))
    expect(next_).to_have_text("waits for its host")

    publish(lifecycle.tell_hold("busy.example", shut=asked(30), limit=10))
    expect(next_).to_have_text(re.compile(r"^host paused for \d+ s$"))

    publish(lifecycle.tell_hold("busy.example", shut=asked(3600), limit=10))
    expect(next_).to_have_text(re.compile(r"^host paused until \d+:\d\d"))
    page.goto(f"{quiet_site}/scans/{scan_id}")
    expect(page.locator("#scan-head [data-part=next]")).to_have_text(re.compile(r"^host paused until \d+:\d\d"))

    publish(lifecycle.tell_hold("busy.example", shut=None, limit=10))
    expect(page.locator("#scan-head [data-part=next]")).to_have_text("waits for its host")

    publish(lifecycle.tell_hold("busy.example", shut=Shut(30, HoldReason.BREAKER), limit=10))
    expect(page.locator("#scan-head [data-part=next]")).to_have_text(re.compile(r"^host down, next in \d+ s$"))
    expect(page.locator(".scan-held")).to_contain_text("failed too often in a row")
