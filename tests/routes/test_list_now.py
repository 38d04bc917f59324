"""What a page reads to be right again: how its list stands now."""

import re
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories import GOOD, URL, a_claim, a_scan, row, settle
from webapp.scans import lifecycle
from webapp.scans.draft import Draft


def a_batch(size: int) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """Its id, and those of its scans, newest first."""
    submission = lifecycle.submit([Draft(url=f"{URL}/{number}") for number in range(size)], batch_name="many")
    assert submission.batch_id is not None
    return submission.batch_id, sorted((change.id for change in submission.changes), reverse=True)


def list_now(client: FlaskClient, shown: Sequence[uuid.UUID] = (), **query: Any) -> str:
    response = client.get("/partials/list", query_string={"shown": ",".join(scan.hex for scan in shown), **query})
    assert response.status_code == 200
    return response.text


def new_ones(html: str) -> str:
    """What the button says, nothing when it is hidden."""
    found = re.search(r'id="new-scans" (hidden)?.*?<a[^>]*>(.*?)</a>', html, re.DOTALL)
    assert found is not None
    return "" if found[1] else found[2]


def test_the_rows_that_are_shown_are_drawn_as_the_page_draws_them(client: FlaskClient) -> None:
    first, second, _ = a_scan(), a_scan(), a_scan()

    html = list_now(client, [first, second], rows="all")

    assert re.findall(r'data-scan="([^"]+)"', html) == [str(second), str(first)]
    assert "<html" not in html
    assert re.search(r'data-now="20\d\d-.*Z"', html)


def test_of_the_rows_whose_revision_is_known_only_those_that_changed_are_drawn(client: FlaskClient) -> None:
    same, changed, unknown = a_scan(), a_scan(), a_scan()
    known = {scan: row(scan).revision for scan in (same, changed)}
    a_claim(changed)

    shown = ",".join([*(f"{scan.hex}.{revision}" for scan, revision in known.items()), f"{unknown.hex}.1x"])
    html = client.get("/partials/list", query_string={"shown": shown, "rows": "all"}).text

    assert re.findall(r'data-scan="([^"]+)"', html) == [str(unknown), str(changed)]
    assert new_ones(html) == ""


def test_without_rows_only_the_counts_are_read(client: FlaskClient) -> None:
    html = list_now(client, [a_scan()])

    assert "data-scan=" not in html
    assert re.search(r'data-count="queued">1<', html)


def test_what_came_since_is_counted_and_what_is_shown_is_not(client: FlaskClient) -> None:
    shown = [a_scan(), a_scan()]
    assert new_ones(list_now(client, shown)) == ""

    a_scan()

    assert new_ones(list_now(client, shown)) == "1 new"
    assert new_ones(list_now(client)) == "3 new"


def test_scans_below_a_full_page_are_not_new(client: FlaskClient) -> None:
    batch_id, ids = a_batch(60)

    assert new_ones(list_now(client, ids[:50], batch=batch_id)) == ""
    assert new_ones(list_now(client, ids[2:52], batch=batch_id)) == "2 new"


def test_a_hundred_and_more_are_many(client: FlaskClient) -> None:
    shown = [a_scan()]
    a_batch(120)

    assert new_ones(list_now(client, shown)) == "99+ new"


def test_what_came_into_the_state_that_is_shown_is_new_whatever_its_age(client: FlaskClient) -> None:
    old, young = a_scan(), a_scan()
    settle(a_claim(young), GOOD)
    assert new_ones(list_now(client, [young], state="succeeded")) == ""

    settle(a_claim(old), GOOD)

    assert new_ones(list_now(client, [young], state="succeeded")) == "1 new"


def test_an_older_page_has_no_new_ones(client: FlaskClient) -> None:
    _, ids = a_batch(60)

    assert new_ones(list_now(client, ids[50:], cursor=str(ids[49]))) == ""


def test_a_batch_tells_how_far_it_is_whatever_its_list_is_filtered_by(client: FlaskClient) -> None:
    batch_id, ids = a_batch(3)
    settle(a_claim(ids[0]), GOOD)

    html = list_now(client, batch=batch_id, q="/0", state="queued")

    assert re.search(r"<b data-done>1</b> of 3 done", html)


@pytest.mark.parametrize("query", [{"state": "asleep"}, {"batch": "nonsense"}])
def test_an_odd_filter_is_refused(client: FlaskClient, query: dict[str, str]) -> None:
    assert client.get("/partials/list", query_string=query).status_code == 400


def test_what_is_no_id_is_passed_over(client: FlaskClient) -> None:
    a_scan()

    assert new_ones(client.get("/partials/list?shown=nonsense,").text) == "1 new"
