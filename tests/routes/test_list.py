"""The list of scans as a page shows it: paging, search, and what is gone."""

import dataclasses
import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import a_scan
from webapp.scans import lifecycle, queries
from webapp.scans.draft import Draft
from webapp.scans.filters import Filter


def test_pages_turn_both_ways_without_losing_or_doubling_a_scan(client: FlaskClient) -> None:
    lifecycle.submit([Draft(url=f"https://target.example/{n}") for n in range(120)], batch_name="long")
    every = [str(scan.id) for scan in queries.list_scans(Filter(), limit=200).scans]

    first = client.get("/").text
    second = client.get(_link(first, "Older")).text
    third = client.get(_link(second, "Older")).text
    a_scan()
    back = client.get(_link(third, "Newer")).text
    before = client.get(_link(back, "Newer")).text
    newest = client.get(_link(before, "Newer")).text

    assert _rows(first) + _rows(second) + _rows(third) == every
    assert _rows(back) == _rows(second)
    assert _rows(before) == every[:50]
    # One scan would be a poor page: the newest ones are shown.
    assert len(_rows(newest)) == 50 and _rows(newest)[1:] == every[:49]
    assert ">Newer<" not in first + newest and ">Older<" not in third


def test_an_odd_cursor_is_refused_in_both_directions(client: FlaskClient) -> None:
    for name in ("cursor", "newer"):
        answer = client.get(f"/?{name}=nonsense")
        assert answer.status_code == 400 and "is not one that a list gave" in answer.text


def test_a_batchs_list_is_in_the_order_of_all_its_states(client: FlaskClient) -> None:
    submission = lifecycle.submit([Draft(url=f"https://target.example/{n}") for n in range(60)], batch_name="mixed")
    ids = [change.id for change in submission.changes]
    for scan_id in ids[::3]:
        lifecycle.cancel(scan_id)

    first = client.get(f"/batches/{submission.batch_id}").text
    second = client.get(_link(first, "Older")).text

    assert _rows(first) + _rows(second) == [str(scan_id) for scan_id in reversed(ids)]


def test_a_search_counts_what_it_found_and_says_when_it_counted_no_further(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(8):
        a_scan(f"https://target.example/needle/{n}")
    lifecycle.cancel(a_scan("https://target.example/needle/canceled"))
    a_scan("https://target.example/hay")

    counted = client.get("/?q=needle").text
    monkeypatch.setattr("webapp.routes.listing.MAX_COUNTED", 5)
    cut = client.get("/?q=needle").text

    assert '<span class="count" data-count="all">9</span>' in counted
    assert '<span class="count" data-count="canceled">1</span>' in counted
    assert '<span class="count" data-count="all">5+</span>' in cut
    assert '<span class="count" data-count="waiting">?</span>' in cut


def test_a_search_whose_time_is_over_says_how_far_it_came_and_goes_on(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    needle = a_scan("https://target.example/needle")
    for _ in range(9):
        a_scan()
    monkeypatch.setattr("webapp.scans.search._FIRST_SCANS", 4)
    monkeypatch.setattr("webapp.scans.search.SEARCH_SECONDS", 0.0)

    page = client.get("/?q=needle").text
    assert "Nothing found yet" in page and "Searched back to" in page
    while not _rows(page):
        page = client.get(_link(page, "Search further back")).text

    assert _rows(page) == [str(needle)]


def test_pages_say_how_long_scans_are_kept_where_that_matters(client: FlaskClient, app: Flask) -> None:
    app.extensions["tilldone.settings"] = dataclasses.replace(app.extensions["tilldone.settings"], keep_days=30)
    app.jinja_env.globals["KEPT"] = "30 days"
    submission = lifecycle.submit([Draft(url="https://target.example/")] * 2, batch_name="b")
    first, second = (change.id for change in submission.changes)
    lifecycle.cancel(first)
    lifecycle.purge(1, keep_seconds=0)
    lifecycle.cancel(second)

    assert "Scans are kept for 30 days after their end." in client.get(f"/scans/{first}").text
    assert "Scans are kept for 30 days after their end." in client.get("/").text
    assert "1 of 2 are gone: scans are kept for 30 days" in client.get(f"/batches/{submission.batch_id}").text
    assert "for 30 days after that" in client.get(f"/scans/{second}").text


def _rows(page: str) -> list[str]:
    return re.findall(r'data-scan="([0-9a-f-]+)"', page)


def _link(page: str, text: str) -> str:
    [address] = re.findall(rf'href="([^"]+)"[^>]*>{text}</a>', page)
    return html.unescape(address)
