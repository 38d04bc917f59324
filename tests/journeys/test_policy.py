"""How it is asked and how often: a pasted curl command, the plan while typing, and changing what waits."""

import re

from playwright.sync_api import Page, expect

from tests.journeys.clipboard import paste
from tests.journeys.moves import Moves
from tests.stack import Site
from tests.target import Target


def test_a_pasted_curl_command_fills_the_form_and_makes_its_request(page: Page, site: Site, target: Target) -> None:
    command = f"""curl '{target.url("/echo?curl")}' \\
      -X 'PUT' \\
      -H 'X-Token: canary-4711' \\
      -H 'Accept-Encoding: gzip, deflate, br' \\
      --data-raw $'{{"it\\'s": "\\u00e9"}}' --max-time 9"""
    page.goto(site)

    paste(page, command)

    expect(page.locator("[data-urls]")).to_have_value(target.url("/echo?curl"))
    expect(page.locator("[name=method]")).to_have_value("PUT")
    expect(page.locator("[name=body]")).to_have_value('{"it\'s": "é"}')
    expect(page.locator("[name=headers]")).to_be_visible()
    expect(page.locator("[data-plan]")).to_contain_text("An attempt may take 9")
    expect(page.locator(".box-notes")).to_contain_text("Left out, because Tilldone sets them itself: accept-encoding")
    expect(page.locator("[data-scan-button]")).to_be_focused()
    assert target.hits("/echo?curl") == 0

    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/scans/"))
    expect(page.locator("#scan-head")).to_have_attribute("data-state", "succeeded")
    asked = target.requests[-1]
    assert (asked.method, asked.headers["X-Token"], asked.body) == ("PUT", "canary-4711", '{"it\'s": "é"}'.encode())
    assert "canary-4711" not in page.content()


def test_a_command_that_cannot_be_made_says_why_and_stays(page: Page, quiet_site: Site) -> None:
    page.goto(quiet_site)

    paste(page, "curl -k https://target.example/")

    expect(page.locator(".box")).to_contain_text("Tilldone always checks certificates")
    expect(page.locator("[data-urls]")).to_have_value("curl -k https://target.example/")
    expect(page.locator("[data-urls]")).to_be_focused()


def test_the_plan_of_a_waiting_scan_is_changed_and_its_next_attempt_moves(
    page: Page, quiet_site: Site, moves: Moves
) -> None:
    [scan_id] = moves.submit(1, wait_seconds=600)
    moves.let_wait(scan_id)
    page.goto(f"{quiet_site}/scans/{scan_id}")
    expect(page.locator(".plan-step").first).to_have_attribute("data-kind", "http_error")

    page.keyboard.press("e")
    page.wait_for_url(re.compile(r"/policy$"))
    page.fill("[name=initial_interval]", "20m")
    page.fill("[name=deadline]", "10m")
    expect(page.locator("[data-plan]")).to_contain_text("Would be over before the next attempt")
    page.fill("[name=deadline]", "3h")
    expect(page.locator("[data-plan]")).to_contain_text("every 20")
    page.get_by_role("button", name="Save").click()

    page.wait_for_url(re.compile(rf"/scans/{scan_id}$"))
    expect(page.locator(".facts-plan")).to_contain_text("every 20")
    expect(page.locator("#scan-head [data-part=next]")).to_have_text(re.compile(r"in (19|20) m"))
