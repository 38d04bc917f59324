"""From a target that one does not know yet to a rule that fits it: try, choose a value, submit, watch, check mark."""

import json
import re

from playwright.sync_api import Page, expect

from tests.target import Target


def an_answer(state: str, progress: int) -> bytes:
    body = json.dumps({"job": {"state": state, "progress": progress, "success": False}}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Step: 3\r\n\r\n" + body


def test_try_choose_a_value_submit_watch_check_mark(page: Page, site: str, target: Target) -> None:
    url = target.say(an_answer("busy", 40), path="/raw?journey")
    page.goto(site)
    page.fill("[data-urls]", url)
    page.locator("[data-options] > summary").click()
    page.get_by_label("Wait between attempts").fill("500ms")

    page.get_by_role("button", name="Try it").click()
    trial = page.locator("[data-trial]")
    expect(trial).to_contain_text("This would be a good answer")
    trial.get_by_role("button", name='"busy"').focus()
    page.keyboard.press("Enter")
    rule = page.get_by_label("Values in the JSON, one a line")
    expect(rule).to_have_value('job.state == "busy"')

    rule.fill('job.state == "done"\njob.progress >= 100')
    page.get_by_role("button", name="Try it").click()
    expect(trial).to_contain_text('Not yet: job.state is "busy", not "done".')
    expect(trial.locator(".conditions tr[data-met=false]")).to_have_count(2)
    expect(page).to_have_url(f"{site}/")

    page.locator("[data-scan-button]").click()
    page.wait_for_url(re.compile(r"/scans/[0-9a-f-]{36}$"))
    expect(page.locator(".facts-rule")).to_contain_text('job.state == "done" and job.progress >= 100')
    head = page.locator("#scan-head")
    expect(head).to_have_attribute("data-state", "waiting")
    target.say(an_answer("done", 100), path="/raw?journey")
    expect(head).to_have_attribute("data-state", "succeeded")
    expect(page.locator("#attempts .conditions").first).to_contain_text("job.progress >= 100")


def test_a_failure_condition_ends_the_scan_at_once(page: Page, site: str, target: Target) -> None:
    page.goto(site)
    page.fill("[data-urls]", target.say(an_answer("failed", 40), path="/raw?failure"))
    page.locator("[data-options] > summary").click()
    page.get_by_label("Give up at once when, one a line").fill('job.state == "failed"')
    page.locator("[data-scan-button]").click()

    head = page.locator("#scan-head")
    expect(head).to_have_attribute("data-state", "failed")
    expect(head).to_contain_text('A failure condition is met: job.state == "failed", got "failed".')
    assert target.hits("/raw?failure") == 1
