"""What pages say of a scan that waits for its host, and of a batch that asks less of each."""

import dataclasses
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tasks import host_gate
from tests.factories import UNAVAILABLE, a_claim, a_scan, asked, row, settle
from webapp.scans import lifecycle, queries
from webapp.scans.host_limits import Shut
from webapp.scans.states import HoldReason
from webapp.settings import Settings


@pytest.fixture
def polite(app: Flask, settings: Settings, client: FlaskClient) -> FlaskClient:
    host_gate.init_app(app, dataclasses.replace(settings, host_concurrency=2, host_starts_per_second=1.0))
    return client


def words(client: FlaskClient, path: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", client.get(path).text).split())


@pytest.mark.parametrize("path", ["/", "/scans/{}"])
def test_a_scan_in_line_says_that_it_waits_for_its_host(client: FlaskClient, path: str) -> None:
    scan_id = a_scan()
    lifecycle.hold(scan_id, 1, shut=None)

    assert "waits for its host" in words(client, path.format(scan_id))


@pytest.mark.parametrize(("seconds", "said"), [(30.5, "host paused for 30 s"), (-5, "waits for its host")])
def test_a_short_pause_is_counted_and_one_that_is_over_is_none(client: FlaskClient, seconds: float, said: str) -> None:
    lifecycle.hold(a_scan(), 1, shut=asked(seconds))

    assert said in words(client, "/")


def test_a_long_pause_is_told_by_the_clock(client: FlaskClient) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), UNAVAILABLE)
    lifecycle.hold(scan_id, 2, shut=asked(3600))

    until = row(scan_id).held_until
    assert until is not None and f"host paused until {until:%H:%M} UTC" in words(client, f"/scans/{scan_id}")


@pytest.mark.parametrize(
    ("why", "short", "long"),
    [
        (HoldReason.ASKED, "host paused until", "which asked to be left alone for a while."),
        (
            HoldReason.BREAKER,
            "host down, next",
            "which failed too often in a row: it is left alone for a while, then asked once.",
        ),
    ],
)
def test_it_says_whether_its_host_asked_to_be_left_alone_or_failed(
    client: FlaskClient, why: HoldReason, short: str, long: str
) -> None:
    scan_id = a_scan()
    lifecycle.hold(scan_id, 1, shut=Shut(3600, why))

    assert short in words(client, "/")
    page = words(client, f"/scans/{scan_id}")
    assert short in page and f"It waits for its host, {long}" in page
    assert client.get(f"/api/v1/scans/{scan_id}").json["held_why"] == why


def test_who_waits_in_line_cannot_be_had_sooner_and_the_page_says_why(client: FlaskClient) -> None:
    scan_id = a_scan()
    lifecycle.hold(scan_id, 1, shut=None)

    assert "It waits for its host" in client.get(f"/scans/{scan_id}").text
    answer = client.post(f"/api/v1/scans/{scan_id}/retry")
    assert answer.status_code == 409 and "waits for its host" in answer.json["detail"]


def test_a_form_may_ask_less_of_each_host_even_for_one_url(polite: FlaskClient) -> None:
    form = {"urls": "https://a.example/", "host_concurrency": "1", "host_starts_per_second": "0.5"}

    answer = polite.post("/scans", data=form)

    [batch] = queries.list_batches()
    assert answer.location == f"/batches/{batch.id}"
    assert (batch.host_concurrency, batch.host_starts_per_second) == (1, 0.5)
    assert "At each host: 1 at once, 0.5 starts a second" in words(polite, answer.location)


def test_a_form_that_asks_more_of_a_host_is_told_what_is_allowed(polite: FlaskClient) -> None:
    answer = polite.post("/scans", data={"urls": "https://a.example/", "host_concurrency": "9"})

    assert answer.status_code == 422
    assert "9 is more than the 2 that this installation allows. Give 2 or less" in answer.text


def test_of_many_urls_of_one_host_only_as_many_are_woken_as_may_start(polite: FlaskClient) -> None:
    polite.post("/scans", data={"urls": "https://a.example/1\nhttps://a.example/2\nhttps://b.example/"})

    scans = queries.list_scans(queries.Filter()).scans
    assert {scan.url: scan.held_since is not None for scan in scans} == {
        "https://a.example/1": False,
        "https://a.example/2": True,
        "https://b.example/": False,
    }


def test_who_cannot_all_be_asked_before_the_deadline_is_told_at_once(polite: FlaskClient) -> None:
    urls = [f"https://a.example/{n}" for n in range(61)]

    told = polite.post("/api/v1/batches", json={"urls": urls, "deadline": 60}).json["notice"]
    assert "61 scans are for a.example, which takes 1 a second" in told
    assert "their first attempts alone take 1 m 1 s, but they give up after 1 m" in told

    answer = polite.post("/scans", data={"urls": "\n".join(urls), "deadline": "60"})
    assert "61 scans are for a.example" in polite.get(answer.location).text
    assert polite.post("/api/v1/batches", json={"urls": urls, "deadline": 61}).json["notice"] is None
