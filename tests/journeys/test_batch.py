"""A batch's page follows thousands of scans to the end, and is exact when the dust has settled."""

from playwright.sync_api import APIResponse, Page, Route, expect

from tests.factories import GOOD, HOPELESS, UNAVAILABLE
from tests.journeys.moves import Moves
from webapp.database import db
from webapp.scans import queries
from webapp.scans.queries import Filter
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import State

SCANS = 5_000
WITH_ATTEMPTS = 500
DEADLINE_SECONDS = 5
ENDS = (GOOD, GOOD, UNAVAILABLE, GOOD, HOPELESS)


def test_five_thousand_scans_end_without_a_reload_and_the_counts_are_the_database_s(
    page: Page, quiet_site: str, moves: Moves
) -> None:
    hasty = RetryPolicy(deadline=DEADLINE_SECONDS)
    ids = moves.submit_all([hasty] * (SCANS - WITH_ATTEMPTS) + [RetryPolicy(max_attempts=1)] * WITH_ATTEMPTS, batch="5")
    batch_id = moves.batch_of(ids[0])
    page.goto(f"{quiet_site}/batches/{batch_id}")
    expect(page.locator("[data-live-word]")).to_have_text("live")
    page.evaluate("window.isSamePage = true")

    for number, scan_id in enumerate(ids[:WITH_ATTEMPTS]):
        moves.start(scan_id)
        moves.end(scan_id, ENDS[number % len(ENDS)])
    left = SCANS - WITH_ATTEMPTS
    while left:
        left -= moves.expire(100)

    expect(page.locator("[data-done]")).to_have_text("5,000")
    db.session.rollback()
    counts = queries.count_by_state(Filter(batch_id=batch_id))
    ends = (State.SUCCEEDED, State.EXHAUSTED, State.FAILED, State.TIMED_OUT)
    assert [counts[state] for state in ends] == [300, 100, 100, 4_500]
    for state, count in counts.items():
        expect(page.locator(f'[data-count="{state}"]')).to_have_text(f"{count:,}")
    for row in queries.list_scans(Filter(batch_id=batch_id)).scans:
        expect(page.locator(f"#scan-{row.id}")).to_have_attribute("data-state", row.state)
    assert page.evaluate("window.isSamePage") is True


def test_counts_that_came_while_the_page_was_read_are_not_undone(page: Page, quiet_site: str, moves: Moves) -> None:
    held: list[tuple[Route, APIResponse]] = []
    first, second = moves.submit(2, batch="read late")
    page.clock.install()
    page.route("**/partials/batch/*", lambda route: held.append((route, route.fetch())))
    page.goto(f"{quiet_site}/batches/{moves.batch_of(first)}")
    expect(page.locator("[data-live-word]")).to_have_text("live")
    moves.start(second)
    expect(page.locator('[data-count="running"]')).to_have_text("1")
    with page.expect_request("**/partials/batch/*"):
        page.clock.fast_forward("00:06")

    moves.end(second)
    expect(page.locator("[data-done]")).to_have_text("1")
    route, read_before = held[0]
    with page.expect_response("**/partials/batch/*"):
        route.fulfill(response=read_before)

    expect(page.locator("[data-bar] rect[data-state=running] title")).to_have_text("Running 0")
    expect(page.locator("[data-done]")).to_have_text("1")
