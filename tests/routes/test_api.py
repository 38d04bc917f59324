"""The JSON API: a promise to programs."""

import dataclasses
import re
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tasks import host_gate
from tests.factories import GOOD, UNAVAILABLE, a_claim, a_scan, settle
from webapp.scans import lifecycle, queries
from webapp.scans.draft import Draft
from webapp.settings import Settings

FIELDS = {
    "id", "url", "method", "state", "attempt", "max_attempts", "revision", "status", "error_code", "error", "due_at",
    "created_at", "started_at", "finished_at", "batch_id",
}  # fmt: skip


def post(client: FlaskClient, path: str, **body: Any) -> Any:
    return client.post(f"/api/v1{path}", json=body)


def test_a_scan_is_created_with_its_location(client: FlaskClient) -> None:
    answer = post(client, "/scans", url="https://target.example/export?id=1", max_attempts=3)

    assert answer.status_code == 201
    assert set(answer.json) >= FIELDS
    assert answer.json["state"] == "queued" and answer.json["max_attempts"] == 3
    assert client.get(answer.headers["Location"]).json["id"] == answer.json["id"]
    assert uuid.UUID(answer.json["id"]).version == 7


def test_times_are_utc_with_milliseconds(client: FlaskClient) -> None:
    created_at = post(client, "/scans", url="https://target.example/").json["created_at"]

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created_at)


def test_all_options_are_taken_and_durations_are_understood(client: FlaskClient) -> None:
    options = {
        "method": "post", "headers": {"X-Token": "s3cret"}, "body": "{}", "max_attempts": 7, "initial_interval": "2s",
        "backoff": "exponential", "max_interval": "5m", "attempt_timeout": 10, "deadline": "2h",
    }  # fmt: skip

    created = post(client, "/scans", url="https://target.example/", **options).json
    shown = client.get(f"/api/v1/scans/{created['id']}")

    assert shown.json["method"] == "POST"
    assert shown.json["policy"] == {
        "max_attempts": 7, "initial_interval": 2.0, "backoff": "exponential", "max_interval": 300.0,
        "attempt_timeout": 10.0, "deadline": 7200.0, "backoff_coefficient": 2.0, "schedule": [], "jitter": "none",
        "connect_timeout": None, "read_timeout": None, "retry_on": [], "respect_retry_after": True,
        "retry_after_cap": 3600.0,
    }  # fmt: skip
    assert "s3cret" not in shown.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": 7}, "url"),
        ({"url": "ftp://target.example/"}, "url"),
        ({"url": "https://target.example/", "method": "BREW"}, "method"),
        ({"url": "https://target.example/", "headers": ["X: y"]}, "headers"),
        ({"url": "https://target.example/", "headers": {"Bad Name": "y"}}, "headers"),
        ({"url": "https://target.example/", "headers": {"X": "a\r\nb"}}, "headers"),
        ({"url": "https://target.example/", "body": {"a": 1}}, "body"),
        ({"url": "https://target.example/", "max_attempts": 0}, "max_attempts"),
        ({"url": "https://target.example/", "max_attempts": 1.5}, "max_attempts"),
        ({"url": "https://target.example/", "max_attempts": "1e400"}, "max_attempts"),
        ({"url": "https://target.example/", "initial_interval": "soon"}, "initial_interval"),
        ({"url": "https://target.example/", "initial_interval": -1}, "initial_interval"),
        ({"url": "https://target.example/", "deadline": "99999h"}, "deadline"),
        ({"url": "https://target.example/", "backoff": "sometimes"}, "backoff"),
        ({"url": "https://target.example/", "retries": 3}, "retries"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_stored(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = client.post("/api/v1/scans", json=body)

    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.json["field"] == field and answer.json["detail"]
    assert client.get("/api/v1/scans").json == {"items": [], "next": None}


@pytest.mark.parametrize("data", [b"", b"[1]", b"{", b'"text"', b"\xff\xfe"])
def test_a_body_that_is_no_object_is_a_problem(client: FlaskClient, data: bytes) -> None:
    for path in ("/api/v1/scans", "/api/v1/batches"):
        answer = client.post(path, data=data, content_type="application/json")

        assert (answer.status_code, answer.json["field"]) == (422, "body")


def test_a_batch_takes_the_good_lines_and_lists_the_bad_ones(client: FlaskClient) -> None:
    urls = ["https://a.example/", "nonsense", "https://b.example/", 7]

    answer = post(client, "/batches", urls=urls, name="nightly", max_attempts=2)

    assert answer.status_code == 202
    assert answer.json["total"] == 2 and answer.json["counts"]["queued"] == 2
    assert [(entry["line"], entry["url"]) for entry in answer.json["rejected"]] == [(2, "nonsense"), (4, None)]
    assert all(entry["error"] for entry in answer.json["rejected"])
    batch = client.get(answer.headers["Location"]).json
    assert (batch["name"], batch["total"]) == ("nightly", 2)
    items = client.get(f"/api/v1/scans?batch={batch['id']}").json["items"]
    assert [item["url"] for item in items] == ["https://b.example/", "https://a.example/"]
    assert {item["max_attempts"] for item in items} == {2}


def test_scans_of_a_batch_may_have_options_of_their_own(client: FlaskClient) -> None:
    scans = [{"url": "https://a.example/", "max_attempts": 9}, {"url": "https://b.example/"}]

    batch = post(client, "/batches", scans=scans, max_attempts=4).json

    items = client.get(f"/api/v1/scans?batch={batch['id']}").json["items"]
    assert [item["max_attempts"] for item in items] == [4, 9]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"urls": []},
        {"urls": "https://a.example/"},
        {"urls": ["bad"]},
        {"urls": ["https://a.example/"], "scans": []},
    ],
)
def test_a_batch_with_nothing_to_scan_is_refused(client: FlaskClient, body: dict[str, Any]) -> None:
    answer = client.post("/api/v1/batches", json=body)

    assert (answer.status_code, answer.json["field"]) == (422, "urls")


def test_a_batch_may_ask_less_of_each_host(app: Flask, settings: Settings, client: FlaskClient) -> None:
    host_gate.init_app(app, dataclasses.replace(settings, host_concurrency=2))

    batch = post(client, "/batches", urls=["https://a.example/"], host_concurrency=1, host_starts_per_second=0.5).json

    assert (batch["host_concurrency"], batch["host_starts_per_second"]) == (1, 0.5)
    answer = client.post("/api/v1/batches", json={"urls": ["https://a.example/"], "host_concurrency": "all"})
    assert (answer.status_code, answer.json["field"]) == (422, "host_concurrency")


def test_a_list_is_paged_by_key_and_new_scans_do_not_shift_it(client: FlaskClient) -> None:
    drafts = [Draft(f"https://target.example/{n}") for n in range(5)]
    lifecycle.submit(drafts, batch_name="")

    first = client.get("/api/v1/scans?limit=2").json
    lifecycle.submit(drafts, batch_name="")
    second = client.get(f"/api/v1/scans?limit=2&cursor={first['next']}").json
    third = client.get(f"/api/v1/scans?limit=2&cursor={second['next']}").json

    paths = [item["url"].rsplit("/", 1)[1] for page in (first, second, third) for item in page["items"]]
    assert paths == ["4", "3", "2", "1", "0"]
    assert third["next"] is None


def test_a_list_is_filtered_by_state_and_text(client: FlaskClient) -> None:
    a_scan("https://target.example/100%25_sure")
    settle(a_claim(a_scan("https://target.example/b")), GOOD)
    settle(a_claim(a_scan("https://target.example/c")), UNAVAILABLE)

    def found(query: str) -> list[str]:
        return [item["url"] for item in client.get(f"/api/v1/scans?{query}").json["items"]]

    assert found("state=succeeded") == ["https://target.example/b"]
    assert found("q=TARGET.example/C") == ["https://target.example/c"]
    assert found("q=503") == ["https://target.example/c"]
    assert found("q=%25_") == []
    assert found("q=%2525_") == ["https://target.example/100%25_sure"]


@pytest.mark.parametrize("query", ["state=odd", "batch=odd", "limit=0", "limit=x", "limit=100000", "cursor=odd"])
def test_a_bad_question_names_the_field(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/scans?{query}")

    assert (answer.status_code, answer.json["field"]) == (422, query.split("=")[0])


def test_a_scan_shows_its_attempts_with_their_verdicts(client: FlaskClient) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), UNAVAILABLE)

    shown = client.get(f"/api/v1/scans/{scan_id}").json

    [attempt] = shown["attempts"]
    assert (attempt["number"], attempt["outcome"], attempt["status"]) == (1, "http_error", 503)
    assert attempt["conditions"][0]["is_met"] is False
    assert (shown["state"], shown["status"], shown["error_code"]) == ("waiting", 503, "HTTP_STATUS")


def test_the_answer_is_given_as_it_came_and_cannot_act_in_a_browser(client: FlaskClient) -> None:
    scan_id = a_scan()
    assert client.get(f"/api/v1/scans/{scan_id}/answer").status_code == 404
    settle(a_claim(scan_id), GOOD)

    answer = client.get(f"/api/v1/scans/{scan_id}/answer")

    assert (answer.data, answer.content_type) == (b'{"success": true}', "application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_cancel_and_retry_answer_with_the_scan_as_it_stands(client: FlaskClient) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), UNAVAILABLE)

    assert client.post(f"/api/v1/scans/{scan_id}/retry").json["state"] == "queued"
    assert client.post(f"/api/v1/scans/{scan_id}/cancel").json["state"] == "canceled"

    again = client.post(f"/api/v1/scans/{scan_id}/cancel")
    assert (again.status_code, again.json["state"]) == (409, "canceled")


@pytest.mark.parametrize("path", ["/scans/{}", "/scans/{}/answer", "/batches/{}", "/scans/nonsense", "/nowhere"])
def test_what_is_not_there_is_a_problem_of_404(client: FlaskClient, path: str) -> None:
    answer = client.get("/api/v1" + path.format(uuid.uuid4()))

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_a_wrong_method_is_a_problem_of_405(client: FlaskClient) -> None:
    answer = client.delete("/api/v1/scans")

    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")


def test_ten_thousand_urls_are_one_batch(client: FlaskClient) -> None:
    answer = post(client, "/batches", urls=[f"https://target.example/{n}" for n in range(10_000)])

    assert (answer.status_code, answer.json["total"]) == (202, 10_000)
    counts = queries.count_by_state(queries.Filter(batch_id=uuid.UUID(answer.json["id"])))
    assert sum(counts.values()) == 10_000


def test_a_worker_less_service_is_live_but_not_ready_and_says_why(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert {"worker", "beat"} <= set(answer.json["missing"])
