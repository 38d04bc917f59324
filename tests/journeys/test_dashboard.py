"""Many scans: pasting thousands, bad lines, patching in place, filters, actions."""

import re

from playwright.sync_api import Page, expect

from tests.stack import Site
from tests.target import Target


def paste(page: Page, site: str, text: str) -> None:
    page.goto(site)
    page.fill("[data-urls]", text)
    page.click("[data-scan-button]")


def set_option(page: Page, name: str, value: str) -> None:
    if not page.locator(f"[name={name}]").is_visible():
        page.locator("[data-options] > summary").click()
    page.fill(f"[name={name}]", value)


def test_a_thousand_lines_become_a_batch_that_ends_without_a_reload(page: Page, site: str, target: Target) -> None:
    paste(page, site, "\n".join(target.url(f"/ok?{n}") for n in range(1000)))

    page.wait_for_url(re.compile(r"/batches/"))
    page.evaluate("window.isSamePage = true")
    expect(page.locator("[data-done]")).to_have_text("1,000", timeout=60_000)
    expect(page.locator('[data-count="succeeded"]')).to_have_text("1,000")
    for row in page.locator("[data-scan]").all()[:5]:
        expect(row).to_have_attribute("data-state", "succeeded")
    assert page.evaluate("window.isSamePage") is True


def test_bad_lines_are_explained_and_nothing_is_lost(page: Page, site: str, target: Target) -> None:
    text = f"{target.url('/ok?a')}\nnot a url\nftp://files.example/x\n{target.url('/ok?b')}"

    paste(page, site, text)

    expect(page.locator("[data-urls]")).to_have_value(text)
    bad = page.locator("[data-bad-lines]")
    expect(bad).to_contain_text("line 2")
    expect(bad).to_contain_text("line 3")
    expect(bad).to_contain_text("must start with http:// or https://")
    assert target.hits("/ok?a") == 0

    bad.get_by_role("button", name="Scan the 2 good ones").click()

    page.wait_for_url(re.compile(r"/batches/"))
    expect(page.locator("[data-done]")).to_have_text("2")


def test_a_bad_option_is_explained_beside_its_field(page: Page, site: str) -> None:
    page.goto(site)
    page.fill("[data-urls]", "https://target.example/")
    set_option(page, "deadline", "soon")

    page.click("[data-scan-button]")

    expect(page.locator("[name=deadline]")).to_have_value("soon")
    expect(page.locator("[name=deadline]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".box")).to_contain_text("is not a duration")
    expect(page.locator("[data-urls]")).to_have_value("https://target.example/")


def test_headers_are_sent_and_never_shown(page: Page, site: str, target: Target) -> None:
    page.goto(site)
    page.fill("[data-urls]", target.url("/echo"))
    set_option(page, "headers", "X-Token: canary-0815\nAccept: application/json")

    page.click("[data-scan-button]")

    expect(page.locator("#scan-head")).to_have_attribute("data-state", "succeeded")
    assert target.requests[-1].headers["X-Token"] == "canary-0815"
    request = page.locator("#request")
    expect(request).to_contain_text("X-Token")
    assert "canary-0815" not in request.inner_text()


def test_new_scans_wait_behind_a_button_and_rows_do_not_jump(page: Page, site: Site, target: Target) -> None:
    page.goto(site)
    expect(page.locator("[data-live-word]")).to_have_text("live")
    first = page.locator("[data-scan]").first.get_attribute("data-scan")

    page.request.post(f"{site}/api/v1/scans", data={"url": target.url("/ok?new")}, headers=site.bearer)

    button = page.locator("[data-new-scans]")
    expect(button).to_contain_text("1 new")
    assert page.locator("[data-scan]").first.get_attribute("data-scan") == first
    button.locator("a").click()
    expect(page.locator("[data-scan]").first).to_contain_text("/ok?new")


def test_a_waiting_scan_can_be_retried_now_and_canceled(page: Page, site: str, target: Target) -> None:
    page.goto(site)
    page.fill("[data-urls]", target.url("/status/503?retry"))
    set_option(page, "initial_interval", "10m")
    page.click("[data-scan-button]")
    head = page.locator("#scan-head")
    expect(head).to_have_attribute("data-state", "waiting")

    page.get_by_role("button", name="Retry now").click()

    target.wait_for_hits("/status/503?retry", 2)
    expect(head).to_have_attribute("data-state", "waiting")
    expect(page.locator("#attempts .attempt")).to_have_count(2)
    page.get_by_role("button", name="Cancel").click()
    expect(head).to_have_attribute("data-state", "canceled")
    expect(page.get_by_role("button", name="Cancel")).to_be_disabled()
    page.get_by_role("button", name="Scan again").click()
    expect(head).to_have_attribute("data-state", "waiting")


def test_search_and_tabs_live_in_the_address(page: Page, site: str, target: Target) -> None:
    page.goto(f"{site}/?q=status%2F503&state=canceled")

    expect(page.locator("[data-scan]")).to_have_count(1)
    expect(page.locator('.tab[aria-current="page"]')).to_contain_text("Canceled")

    page.locator(".tab", has_text="All").click()

    expect(page.locator("[data-scan]")).to_have_count(2)
    assert "q=status" in page.url and "state" not in page.url


def test_scanned_content_cannot_act_on_the_page(page: Page, site: str, target: Target) -> None:
    paste(page, site, target.url("/ok?%3Cimg%20src=x%20onerror=alert(1)%3E"))
    expect(page.locator("#scan-head")).to_have_attribute("data-state", "succeeded")

    page.goto(site)
    page.fill("[data-urls]", target.url("/json"))
    page.locator("[data-options] > summary").click()
    page.select_option("[name=method]", "POST")
    page.fill("[name=body]", '{"success": true, "x": "<img src=x onerror=document.title=666><script>1</script>"}')
    page.click("[data-scan-button]")

    expect(page.locator(".tree")).to_contain_text("<img src=x onerror=")
    assert page.title() != "666"


def test_keys_move_and_search(page: Page, site: str) -> None:
    page.goto(site)
    page.locator("body").click(position={"x": 5, "y": 5})

    page.keyboard.press("/")
    expect(page.locator("input[name=q]")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("[data-help]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-help]")).to_be_hidden()
