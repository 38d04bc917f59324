"""What scripts write into a page is what the server would have drawn: the words live in both, and must not drift."""

import re
from typing import Any, Final

from playwright.sync_api import Page, expect

from tests.target import Target
from webapp.routes import words

MINUTE, HOUR, DAY = 60, 3600, 86_400
MOMENTS: Final = (
    *(0, 0.042, 0.9994, 1, 1.96, 2.25, 9.94, 9.999, 10, 59.9),
    *(MINUTE, MINUTE + 1, HOUR - 1, HOUR, HOUR + 61, DAY - 1, DAY, DAY + HOUR + 61, 11 * DAY),
)

#: All that a row of a scan that has ended shows, but for its age.
_FACTS: Final = """rows => rows.map(row => [
    row.dataset.scan, row.dataset.revision, row.dataset.state, row.querySelector("use").getAttribute("href"),
    ...[...row.querySelectorAll("[data-part]")].map(part => [
        part.dataset.part, part.dataset.kind, part.dataset.retried, part.dataset.clock,
        part.dataset.part === "created" ? "" : part.textContent.trim() + part.title,
    ]),
])"""


def facts(page: Page) -> Any:
    return page.locator("[data-scan]").evaluate_all(_FACTS)


def test_a_row_that_was_patched_reads_as_the_row_that_the_server_draws(page: Page, site: str, target: Target) -> None:
    paths = ("/ok", "/status/503", "/status/404", "/flaky/2?agreement", "/json")
    page.goto(site)
    page.locator("[data-options] > summary").click()
    page.fill("[name=initial_interval]", "500ms")
    page.fill("[name=max_attempts]", "3")
    page.fill("[data-urls]", "\n".join([*map(target.url, paths), "http://127.0.0.1:1/refused"]))

    page.click("[data-scan-button]")
    page.wait_for_url(re.compile(r"/batches/"))
    expect(page.locator("[data-done]")).to_have_text(str(len(paths) + 1), timeout=60_000)
    expect(
        page.locator('[data-scan]:is([data-state="queued"], [data-state="running"], [data-state="waiting"])')
    ).to_have_count(0)
    patched = facts(page)
    page.reload()

    assert patched == facts(page)


def test_times_are_said_alike(page: Page, site: str) -> None:
    page.goto(site)
    said = page.evaluate(
        """async moments => {
            const words = await import("/static/js/words.js");
            return moments.map(seconds => [words.took(seconds), words.age(seconds), words.ago(seconds)]);
        }""",
        list(MOMENTS),
    )

    assert said == [[words.took(seconds), words.age(seconds), words.ago(seconds)] for seconds in MOMENTS]
