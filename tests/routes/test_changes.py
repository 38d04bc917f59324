"""Why not yet: what an attempt found changed, on the page and for programs."""

import html
import json
import re
import uuid
from typing import Any

from flask.testing import FlaskClient

from tests.factories import RESET, URL, a_claim, a_scan, settle
from webapp.scans import lifecycle
from webapp.scans.exchange import Exchange


def answer(value: Any, status: int = 200) -> Exchange:
    return Exchange(URL, status, content_type="application/json", body=json.dumps(value).encode(), json=value)


def answered(*exchanges: Exchange) -> uuid.UUID:
    scan_id = a_scan(initial_interval=0)
    for number, exchange in enumerate(exchanges, 1):
        settle(a_claim(scan_id, number), exchange)
    return scan_id


def told(client: FlaskClient, scan_id: uuid.UUID) -> list[list[str]]:
    shown = client.get(f"/api/v1/scans/{scan_id}").json
    assert shown is not None
    return [
        [f"{line['name']}: {line['before']} → {line['after']}" for line in attempt["changes"]]
        for attempt in shown["attempts"]
    ]


def test_status_conditions_and_values_are_told_by_attempt(client: FlaskClient) -> None:
    scan_id = answered(
        answer({"success": False}, 503),
        answer({"success": False, "progress": 40}),
        answer({"success": False, "progress": 60}),
        answer({"success": False, "progress": 60}),
        RESET,
        answer({"success": True, "progress": 100}),
    )

    assert told(client, scan_id) == [
        [],
        ["status: 503 → 200", "status: not met → met", "progress: absent → 40"],
        ["progress: 40 → 60"],
        [],
        ["status: 200 → CONNECTION_RESET"],
        ["status: CONNECTION_RESET → 200"],
    ]
    page = client.get(f"/scans/{scan_id}").text
    words = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())
    assert "progress 40 → 60" in words and "The same answer as attempt 3." in words


def test_what_is_no_json_or_too_old_is_known_to_have_changed_and_no_more(client: FlaskClient) -> None:
    scan_id = answered(Exchange(URL, 503, body=b"one"), Exchange(URL, 503, body=b"two"))
    many = answered(*(answer({"success": False, "n": n}) for n in range(12)))

    assert told(client, scan_id)[1] == ["the answer: None → None"]
    assert told(client, many)[3] == ["the answer: None → None"] and told(client, many)[11] == ["n: 10 → 11"]


def test_an_attempt_that_was_cut_off_is_left_out_of_account(client: FlaskClient) -> None:
    scan_id = a_scan(initial_interval=0)
    settle(a_claim(scan_id), answer({"success": False, "n": 1}))
    lifecycle.hand_back(a_claim(scan_id, 2))
    settle(a_claim(scan_id, 3), answer({"success": False, "n": 2}))

    assert told(client, scan_id) == [[], [], ["n: 1 → 2"]]


def test_what_a_hostile_answer_holds_is_text_and_nothing_else(client: FlaskClient) -> None:
    scan_id = answered(answer({"success": False}), answer({"success": False, "<script>x": "<img src=x>\u202e"}))

    page = client.get(f"/scans/{scan_id}").text

    assert "<script>x" not in page and "<img src=x>" not in page and "&lt;img src=x&gt;" in page
