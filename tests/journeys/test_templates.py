"""A template from its making to a scan that was submitted with it."""

import re

from playwright.sync_api import Page, expect

from tests.target import Target


def test_make_a_template_use_it_and_watch_the_check_mark(page: Page, site: str, target: Target) -> None:
    page.goto(f"{site}/templates")
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Name").fill("my export API")
    page.get_by_label("Headers, one a line").fill("X-Token: s3cret")
    page.get_by_label("Values in the JSON, one a line").fill("rows >= 1000")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".table")).to_contain_text("header X-Token; values in the JSON rows >= 1000")

    page.goto(site)
    page.locator("[data-options] > summary").click()
    page.get_by_label("Template", exact=True).select_option(label="my export API")
    page.fill("[data-urls]", target.url("/ok?template"))
    page.locator("[data-scan-button]").click()

    page.wait_for_url(re.compile(r"/scans/[0-9a-f-]{36}$"))
    expect(page.locator("#scan-head")).to_have_attribute("data-state", "succeeded")
    expect(page.locator(".facts-rule")).to_contain_text("rows >= 1000")
    assert target.requests[-1].headers["X-Token"] == "s3cret"
    expect(page.locator("body")).not_to_contain_text("s3cret")


def test_a_template_is_deleted_when_that_was_said_twice(page: Page, site: str) -> None:
    page.goto(f"{site}/templates/new")
    page.get_by_label("Name").fill("short-lived")
    page.get_by_role("button", name="Save").click()
    row = page.locator(".table tr", has_text="short-lived")
    surely = row.get_by_role("button", name="Delete short-lived for good")

    expect(surely).to_be_hidden()
    row.locator("summary").press("Enter")
    expect(surely).to_be_visible()
    row.locator("summary").press("Enter")
    expect(surely).to_be_hidden()
    row.locator("summary").press("Enter")
    surely.press("Enter")

    expect(row).to_have_count(0)
