"""The first minute: the sample, from Enter to the check mark, without a reload."""

import re

from playwright.sync_api import Page, expect

from tests.journeys.clipboard import paste


def test_a_url_of_ones_own_is_not_asked_as_often_as_the_sample(page: Page, site: str) -> None:
    page.goto(site)
    plan, interval = page.locator("[data-plan]"), page.locator("[name=initial_interval]")
    expect(plan).to_contain_text("every 2 s")

    page.locator("[data-urls]").press_sequentially(" ")
    expect(interval).to_have_value("2s")
    page.locator("[data-urls]").fill("https://example.com/export")

    expect(plan).to_contain_text("every 15 s")
    expect(interval).to_have_value("")


def test_a_command_that_takes_the_place_of_the_sample_does_not_take_over_how_often_it_is_asked(
    page: Page, site: str
) -> None:
    page.goto(site)

    paste(page, "curl https://example.com/export -X POST")

    expect(page.locator("[name=method]")).to_have_value("POST")
    expect(page.locator("[data-plan]")).to_contain_text("every 15 s")


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
