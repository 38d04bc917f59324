"""A batch's page follows thousands of scans to the end, and is exact when the dust has settled."""

from playwright.sync_api import Page, expect

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
    batch_id = queries.get_scan(ids[0]).batch_id
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
