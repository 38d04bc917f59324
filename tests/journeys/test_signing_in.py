"""Signing in, and what an open page does when its session ends."""

import re

from playwright.sync_api import Browser, BrowserContext, expect

from tests.journeys.moves import Moves
from tests.sign_in import PASSWORD
from tests.stack import Site
from webapp.auth.rights import Role


def test_a_page_whose_session_ended_leads_to_the_sign_in_and_back(
    context: BrowserContext, quiet_site: Site, moves: Moves
) -> None:
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    (scan_id,) = moves.submit()
    quiet_site.add_user("ada", Role.VIEWER)
    page.goto(f"{quiet_site}/?q=export")
    expect(page.locator("[data-live-word]")).to_have_text("live")

    quiet_site.sign_everybody_out()

    page.wait_for_url(re.compile("/login"))
    page.fill("#name", "Ada")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{quiet_site}/?q=export")
    expect(page.locator(f"#scan-{scan_id}")).to_be_visible()
    expect(page.locator(".notice", has_text="You are a viewer")).to_be_visible()
    expect(page.locator("[data-urls]")).to_have_count(0)
    page.goto(f"{quiet_site}/scans/{scan_id}")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    assert faults == []


def test_without_javascript_people_sign_in_and_out(browser: Browser, quiet_site: Site) -> None:
    quiet_site.add_user("grace", Role.MEMBER)
    page = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 700}).new_page()
    page.goto(f"{quiet_site}/workers")
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("grace")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not go together")

    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{quiet_site}/workers")
    page.get_by_title("Your account").click()
    page.get_by_role("button", name="Sign out", exact=True).click()

    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.context.close()
