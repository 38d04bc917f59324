"""A batch's page and its files: how fast it goes, why scans failed, and all of it to take away."""

import csv
import io
import json
import re
import uuid

import pytest
from flask.testing import FlaskClient

from tests.factories import GOOD, UNAVAILABLE, a_claim, settle
from webapp.routes.words import rate
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.scans.exchange import Exchange, Failure
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import ErrorCode, Outcome

URLS = ("https://a.example/1", "https://b.example/2?x=<b>&y=é", "https://c.example/3")
FORMULA = Exchange(
    URLS[2],
    failure=Failure(Outcome.NETWORK_ERROR, ErrorCode.CONNECTION_RESET, "=HYPERLINK(\"http://evil\",'x')\ntwo", True),
)


def a_batch() -> tuple[uuid.UUID, list[uuid.UUID]]:
    once = RetryPolicy(max_attempts=1)
    drafts = [Draft(url=url, policy=once, headers={"X-Token": "canary-0815"}, body=b"canary-body") for url in URLS]
    submission = lifecycle.submit(drafts, batch_name="to take away")
    assert submission.batch_id is not None
    return submission.batch_id, sorted(change.id for change in submission.changes)


def end(scan_id: uuid.UUID, exchange: Exchange) -> None:
    assert settle(a_claim(scan_id), exchange) is not None


def words(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", response.text).split()).replace("\xa0", " ")


@pytest.mark.parametrize("path", ["/batches/{}", "/partials/batch/{}"])
def test_a_batch_under_way_tells_its_rate_and_its_likely_end(client: FlaskClient, path: str) -> None:
    batch_id, ids = a_batch()
    assert "none has ended lately" in words(client, path.format(batch_id))

    end(ids[0], GOOD)

    told = words(client, path.format(batch_id))
    assert "1 of 3 done" in told
    assert re.search(r"[\d.]+ a (second|minute) · likely done in \d+ s", told)


def test_a_batch_that_is_done_tells_how_long_it_took(client: FlaskClient) -> None:
    batch_id, ids = a_batch()
    for scan_id in ids:
        end(scan_id, GOOD)

    told = words(client, f"/batches/{batch_id}")

    assert re.search(r"3 of 3 done .* took \d+(\.\d)? m?s", told)
    assert "likely done" not in told


def test_why_scans_failed_is_told_with_a_sample_and_a_way_to_all_of_them(client: FlaskClient) -> None:
    batch_id, ids = a_batch()
    assert re.search(r'id="failures"[^>]*hidden', client.get(f"/batches/{batch_id}").text)

    end(ids[1], UNAVAILABLE)

    html = client.get(f"/batches/{batch_id}").text
    assert not re.search(r'id="failures"[^>]*hidden', html)
    assert f'href="/batches/{batch_id}?q=b.example"' in html
    assert f'class="failure-sample soft" href="/scans/{ids[1]}"' in html


def test_the_csv_holds_every_scan_and_no_formula(client: FlaskClient) -> None:
    batch_id, ids = a_batch()
    end(ids[0], GOOD)
    end(ids[2], FORMULA)

    response = client.get(f"/batches/{batch_id}/scans.csv")

    assert response.content_type == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == f'attachment; filename="tilldone-{batch_id}.csv"'
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert [each["id"] for each in rows] == [str(scan_id) for scan_id in ids]
    assert [each["state"] for each in rows] == ["succeeded", "queued", "failed"]
    assert rows[0]["status"] == "200"
    assert "é" in rows[1]["url"] or "%C3%A9" in rows[1]["url"]
    assert rows[2]["error"].startswith("'=HYPERLINK")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_whatever_a_spreadsheet_takes_for_a_formula_is_text(client: FlaskClient, start: str) -> None:
    batch_id, ids = a_batch()
    failure = Failure(Outcome.NETWORK_ERROR, ErrorCode.CONNECTION_RESET, f"{start}1+1", True)
    end(ids[0], Exchange(URLS[0], failure=failure))

    text = client.get(f"/batches/{batch_id}/scans.csv").text

    assert next(csv.DictReader(io.StringIO(text, newline="")))["error"] == f"'{start}1+1"


def test_each_line_of_the_ndjson_is_a_scan_as_the_api_tells_it(client: FlaskClient) -> None:
    batch_id, ids = a_batch()
    end(ids[2], FORMULA)

    response = client.get(f"/batches/{batch_id}/scans.ndjson")

    scans = [json.loads(line) for line in response.text.splitlines()]
    assert [scan["id"] for scan in scans] == [str(scan_id) for scan_id in ids]
    assert scans[2]["error"].startswith("=HYPERLINK")
    told = client.get(f"/api/v1/scans/{ids[1]}").json
    assert told is not None
    assert scans[1].items() <= told.items()


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_no_file_holds_a_secret(client: FlaskClient, suffix: str) -> None:
    batch_id, _ = a_batch()

    assert "canary" not in client.get(f"/batches/{batch_id}/scans.{suffix}").text


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_a_batch_that_is_not_there_has_no_file(client: FlaskClient, suffix: str) -> None:
    assert client.get(f"/batches/{uuid.uuid4()}/scans.{suffix}").status_code == 404


@pytest.mark.parametrize(
    ("per_second", "told"),
    [
        (0.001, "1 a minute"),
        (0.5, "30 a minute"),
        (1, "1.0 a second"),
        (9.94, "9.9 a second"),
        (9.96, "10 a second"),
        (1234.5, "1,234 a second"),
    ],
)
def test_a_rate_is_no_number_below_one(per_second: float, told: str) -> None:
    assert rate(per_second) == told
