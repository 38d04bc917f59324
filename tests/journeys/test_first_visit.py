"""The first minute: the sample, from Enter to the check mark, without a reload."""

import re

from playwright.sync_api import Page, expect


def test_the_sample_goes_from_spinner_over_waiting_to_the_check_mark_within_ten_seconds(page: Page, site: str) -> None:
    page.goto(site)
    box = page.locator("[data-urls]")
    expect(box).to_be_focused()
    expect(box).to_have_value(re.compile(rf"^{site}/sample/flaky/"))

    page.evaluate("window.isSamePage = true")
    box.press("Enter")

    page.wait_for_url(re.compile(r"/scans/[0-9a-f-]{36}$"))
    page.evaluate("window.isSamePage = true")
    head = page.locator("#scan-head")
    expect(head).to_have_attribute("data-state", "waiting", timeout=10_000)
    expect(head.locator("[data-part=next]")).to_have_text(re.compile(r"in \d"))
    expect(head).to_have_attribute("data-state", "succeeded", timeout=10_000)
    expect(head.locator("[data-part=word]")).to_have_text("Succeeded")
    assert page.evaluate("window.isSamePage") is True
    expect(page.locator("#attempts .attempt")).to_have_count(3)
    expect(page.locator(".tree")).to_contain_text("success")
    assert page.title().startswith("Succeeded")


def test_the_list_shows_the_scan_that_ended(page: Page, site: str) -> None:
    page.goto(site)

    row = page.locator("[data-scan]").first
    expect(row).to_have_attribute("data-state", "succeeded")
    expect(row).to_contain_text("after 3")
    expect(page.locator('[data-count="succeeded"]')).to_have_text("1")
    expect(page.locator("[data-urls]")).to_have_value("")
