"""Changing what waits: one scan's policy, and when all of a list are tried."""

import html
import re
import uuid

from flask.testing import FlaskClient

from tests.factories import UNAVAILABLE, a_claim, a_scan, row, settle
from webapp.scans.states import State, Trigger


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).replace("\xa0", " ").split())


def a_waiting_scan(**policy: float) -> uuid.UUID:
    scan_id = a_scan(**{"initial_interval": 300, **policy})
    settle(a_claim(scan_id), UNAVAILABLE)
    return scan_id


def fields(page: str) -> dict[str, str]:
    """What the form would send as it stands."""
    inputs = re.findall(r'<input[^>]*name="(\w+)"[^>]*?value="([^"]*)"', page)
    choices = re.findall(r'<select[^>]*name="(\w+)".*?<option selected>(\w+)', page, re.DOTALL)
    return {name: html.unescape(value) for name, value in [*inputs, *choices] if name != "csrf_token"}


def test_the_form_holds_the_policy_and_sending_it_as_it_is_changes_nothing_but_the_revision(
    client: FlaskClient,
) -> None:
    scan_id = a_waiting_scan(max_attempts=7, read_timeout=2.5)
    before = row(scan_id).policy

    page = client.get(f"/scans/{scan_id}/policy").text
    answer = client.post(f"/scans/{scan_id}/policy", data=fields(page))

    assert fields(page)["initial_interval"] == "5m" and fields(page)["read_timeout"] == "2.5s"
    assert answer.status_code == 303 and answer.location == f"/scans/{scan_id}"
    assert row(scan_id).policy == before


def test_a_changed_policy_moves_the_next_attempt(client: FlaskClient) -> None:
    scan_id = a_waiting_scan()
    form = fields(client.get(f"/scans/{scan_id}/policy").text)

    client.post(f"/scans/{scan_id}/policy", data={**form, "initial_interval": "20m", "deadline": "3h"})

    scan = row(scan_id)
    assert (scan.policy.initial_interval, scan.policy.deadline) == (1200, 10800)
    assert "every 20 m" in words(client.get(f"/scans/{scan_id}").text)


def test_each_bad_field_is_explained_and_what_was_typed_stays(client: FlaskClient) -> None:
    scan_id = a_waiting_scan()

    answer = client.post(f"/scans/{scan_id}/policy", data={"deadline": "soon", "max_attempts": "0", "jitter": "full"})
    together = client.post(
        f"/scans/{scan_id}/policy", data={"max_attempts": "1", "based_on": row(scan_id).policy.fingerprint}
    )

    assert answer.status_code == together.status_code == 422
    assert "is not a duration" in answer.text and "is not between 1 and 1000" in answer.text
    assert fields(answer.text)["deadline"] == "soon" and "<option selected>full" in answer.text
    assert "leaves nothing to try" in words(together.text)
    assert row(scan_id).revision == 3


def test_two_who_change_it_at_once_do_not_overwrite_each_other(client: FlaskClient) -> None:
    scan_id = a_waiting_scan()
    form = fields(client.get(f"/scans/{scan_id}/policy").text)

    client.post(f"/scans/{scan_id}/policy", data={**form, "max_attempts": "5"})
    answer = client.post(f"/scans/{scan_id}/policy", data={**form, "max_attempts": "9"}, follow_redirects=True)

    assert row(scan_id).policy.max_attempts == 5
    assert "Nothing was changed. Somebody changed this policy meanwhile." in words(answer.text)


def test_a_scan_that_runs_or_has_ended_leads_back_with_the_reason(client: FlaskClient) -> None:
    scan_id = a_scan()
    a_claim(scan_id)

    asked = client.get(f"/scans/{scan_id}/policy", follow_redirects=True)
    sent = client.post(f"/scans/{scan_id}/policy", data={"max_attempts": "5"}, follow_redirects=True)

    assert "An attempt is running under its policy" in words(asked.text)
    assert "Nothing was changed. An attempt is running under its policy" in words(sent.text)


def test_the_preview_has_the_past_and_what_would_come(client: FlaskClient) -> None:
    scan_id = a_waiting_scan()

    plan = words(client.get(f"/scans/{scan_id}/policy/plan?initial_interval=10m&max_attempts=3").text)
    over = client.get(f"/scans/{scan_id}/policy/plan?max_attempts=1").text

    assert "every 10 m" in plan and "1 " in plan and "HTTP error" in plan and "Next" in plan
    assert "At most 2 more requests after the 1 made" in plan
    assert 'data-error-of="max_attempts"' in over


def test_all_that_wait_are_named_by_number_before_they_are_tried(client: FlaskClient) -> None:
    waiting = [a_waiting_scan() for _ in range(3)]
    a_scan()

    listed = client.get("/?state=waiting").text
    page = words(client.get("/scans/retry").text)
    answer = client.post("/scans/retry", follow_redirects=True)

    assert 'href="/scans/retry"' in listed
    assert "Retry 3 scans now?" in page and "Retry 3 now" in page
    assert "3 scans are tried now" in words(answer.text)
    assert {(row(scan_id).state, row(scan_id).trigger) for scan_id in waiting} == {(State.QUEUED, Trigger.BULK_RETRY)}
    assert "No scan waits" in words(client.get("/scans/retry").text)


def test_only_those_of_the_filter_are_tried_and_odd_filters_are_refused(client: FlaskClient) -> None:
    scan_id = a_waiting_scan()

    page, refused = client.get("/scans/retry?q=nowhere"), client.get("/scans/retry?state=failed")
    client.post("/scans/retry?q=nowhere")

    assert "No scan waits" in words(page.text) and refused.status_code == 400
    assert row(scan_id).state is State.WAITING
    assert client.get(f"/scans/retry?batch={uuid.uuid4()}").status_code == 404


def test_by_api_the_same(client: FlaskClient) -> None:
    scan_id = a_waiting_scan()

    changed = client.patch(f"/api/v1/scans/{scan_id}", json={"deadline": "2h", "retry_on": ["5xx"], "revision": 3})
    late = client.patch(f"/api/v1/scans/{scan_id}", json={"deadline": "3h", "revision": 3})
    odd = [
        client.patch(f"/api/v1/scans/{scan_id}", json=body)
        for body in ({"url": "https://a.example"}, {"revision": "3"}, {"max_attempts": 1}, [])
    ]
    retried = client.post("/api/v1/scans/retry")
    refused = client.post("/api/v1/scans/retry?state=failed")

    assert changed.status_code == 200
    assert changed.json is not None and changed.json["policy"]["deadline"] == 7200 and changed.json["revision"] == 4
    assert late.status_code == 409 and "revision 4" in late.text
    assert [answer.status_code for answer in odd] == [422] * 4
    assert (retried.status_code, retried.json) == (202, {"retried": 1})
    assert refused.status_code == 422
    a_claim(scan_id, 2)
    running = client.patch(f"/api/v1/scans/{scan_id}", json={"deadline": "5h"})
    assert running.status_code == 409 and running.json is not None and running.json["state"] == "running"
