"""Try it: the same code as the worker's, nothing stored, bounded, and what is picked joins the rule."""

import json
import threading
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.target import Target
from webapp.database import db
from webapp.routes.json_tree import read_tree
from webapp.routes.trial import MAX_AT_ONCE, RETRY_AFTER_SECONDS
from webapp.scans.exchange import Exchange
from webapp.scans.models import Scan
from webapp.scans.rules import judge
from webapp.scans.rules.shorthand import read_rule


def try_it(client: FlaskClient, **body: Any) -> Any:
    return client.post("/api/v1/try", json=body)


def scans(app: Flask) -> int:
    return db.session.scalar(select(func.count()).select_from(Scan)) or 0


def test_the_target_is_asked_once_and_the_verdict_tells_each_condition(
    app: Flask, client: FlaskClient, target: Target
) -> None:
    url = target.say(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-A: b\r\n\r\n{"n": "5"}')

    answer = try_it(client, url=url, expect_json=["n == 5", "n exists"], headers={"X-Token": "s3cret"})

    assert answer.status_code == 200
    told = answer.json
    assert (told["decision"], told["outcome"], told["status"], told["reason"]) == ("retry", "not_met", 200, "OK")
    assert told["error"] == 'Not yet: n is "5" (a text, not a number), not 5.'
    assert [(c["expected"], c["is_met"]) for c in told["conditions"]] == [
        ("status < 400", True),
        ("n == 5", False),
        ("n exists", True),
    ]
    assert (told["body"], told["size"]) == ('{"n": "5"}', 10)
    assert ["X-A", "b"] in told["headers"]
    assert target.hits("/raw") == 1 and target.requests[-1].headers["X-Token"] == "s3cret"
    assert scans(app) == 0


def test_a_pasted_answer_is_judged_without_a_target(client: FlaskClient, app: Flask) -> None:
    answer = {"status": 202, "headers": {"Content-Type": "application/json"}, "body": '{"state": "failed"}'}

    told = try_it(client, answer=answer, expect_status="200", fail_when='state == "failed"').json

    assert (told["decision"], told["error_code"], told["status"]) == ("failure", "FAIL_WHEN", 202)
    assert told["rule"]["clauses"][0] == {
        "when": {"json": {"path": "state", "op": "==", "value": "failed"}},
        "then": "failure",
    }
    assert scans(app) == 0


def test_what_the_policy_does_not_retry_would_fail_at_once(client: FlaskClient) -> None:
    answer = {"status": 404}

    assert try_it(client, answer=answer).json["decision"] == "retry"
    assert try_it(client, answer=answer, retry_on="5xx").json["decision"] == "failure"


def test_what_no_answer_came_of_is_told_like_an_attempt(client: FlaskClient) -> None:
    told = try_it(client, url="http://127.0.0.1:1/").json

    assert (told["status"], told["error_code"], told["decision"]) == (None, "CONNECTION_REFUSED", "retry")


def test_a_target_that_scans_may_not_reach_is_not_reached_by_trying(client: FlaskClient) -> None:
    told = try_it(client, url="http://169.254.169.254/latest/meta-data").json

    assert (told["status"], told["outcome"], told["decision"]) == (None, "refused", "failure")


def test_a_secret_that_the_target_echoes_is_masked_as_in_a_scan(client: FlaskClient, target: Target) -> None:
    answer = try_it(client, url=target.url("/echo"), headers={"X-Token": "s3cret-value-17"})

    assert target.requests[-1].headers["X-Token"] == "s3cret-value-17"
    assert "s3cret-value-17" not in answer.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "http://x.example/", "expect_status": "ok"}, "expect_status"),
        ({"url": "http://x.example/", "nonsense": 1}, "nonsense"),
        ({"answer": "x"}, "answer"),
        ({"answer": {"code": 5}}, "answer"),
        ({"answer": {"status": "ok"}}, "answer_status"),
        ({"answer": {"status": 99}}, "answer_status"),
        ({"answer": {"headers": [1]}}, "answer_headers"),
        ({"answer": {"headers": "nonsense"}}, "answer_headers"),
        ({"answer": {"body": {}}}, "answer_body"),
        ({"answer": {}, "nonsense": 1}, "nonsense"),
    ],
)
def test_what_cannot_be_meant_is_refused(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = try_it(client, **body)

    assert (answer.status_code, answer.json["field"]) == (422, field)
    assert answer.json["detail"]


def test_who_may_only_look_may_not_try(anonymous_client: FlaskClient) -> None:
    assert anonymous_client.post("/api/v1/try", json={"url": "http://x.example/"}).status_code == 401


def test_slow_targets_cannot_take_all_threads(app: Flask, client: FlaskClient, target: Target) -> None:
    url = target.url("/gate?name=slow")
    answers: list[int] = []

    def wait() -> None:
        with app.test_client() as own:
            own.environ_base.update(client.environ_base)
            answers.append(try_it(client, url=url).status_code)

    threads = [threading.Thread(target=wait) for _ in range(MAX_AT_ONCE)]
    for thread in threads:
        thread.start()
    target.wait_for_hits("/gate?name=slow", MAX_AT_ONCE)

    refused = try_it(client, url=url)
    page = client.post("/partials/try", data={"urls": url})

    target.open("slow")
    for thread in threads:
        thread.join()
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, str(RETRY_AFTER_SECONDS))
    assert "under way already" in refused.json["detail"]
    assert page.status_code == 503 and "under way already" in page.text
    assert answers == [200] * MAX_AT_ONCE
    assert try_it(client, url=url).status_code == 200


def test_the_form_shows_answer_and_verdict_without_scripts(client: FlaskClient, target: Target) -> None:
    url = target.say(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"job": {"state": "busy"}}')

    page = client.post("/try", data={"urls": url, "expect_json": 'job.state == "done"'})

    assert page.status_code == 200
    assert "It would be asked again" in page.text
    assert f'value="{url}"' in page.text or url in page.text
    assert 'expect_json=job.state == "busy"' in unescape(page.text)


def test_what_is_picked_without_scripts_joins_the_rule(client: FlaskClient, target: Target) -> None:
    url = target.say(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"job": {"state": "done"}}')
    typed = {"urls": url, "expect_status": "2xx", "expect_json": "job exists"}

    page = client.post("/try", data={**typed, "pick": 'expect_json=job.state == "done"'})
    other = client.post("/try", data={**typed, "pick": "expect_status=200"})
    odd = client.post("/try", data={**typed, "pick": "headers=X: y"})

    assert 'job exists\njob.state == "done"</textarea>' in unescape(page.text)
    assert "This would be a good answer" in page.text
    assert 'name="expect_status" value="200"' in other.text
    assert "X: y" not in odd.text


def test_what_is_wrong_in_the_form_is_said_in_the_panel_and_at_its_field(client: FlaskClient) -> None:
    typed = {"urls": "https://x.example/", "expect_json": "a &&"}

    panel, page = client.post("/partials/try", data=typed), client.post("/try", data=typed)
    empty = client.post("/partials/try", data={})
    odd = client.post("/partials/try", data={"urls": "nonsense"})

    assert 'data-error-of="expect_json"' in panel.text
    assert page.status_code == 422 and 'id="error-expect_json"' in page.text
    assert "The box is empty" in empty.text.replace("the box", "The box")
    assert "nonsense" in odd.text
    assert "data-error-of" not in client.post("/scans", data=typed).text


def test_a_pasted_answer_needs_no_url(client: FlaskClient) -> None:
    typed = {"pasted": "1", "answer_body": '{"ok": 1}', "answer_status": "201", "expect_json": "ok == 1"}

    assert "This would be a good answer" in client.post("/partials/try", data=typed).text
    assert "error-answer_status" in client.post("/try", data={**typed, "answer_status": "x"}).text


def test_hostile_answers_are_shown_as_text(client: FlaskClient) -> None:
    body = json.dumps({'<img src=x onerror=alert(1)>"': "</textarea><script>"})

    page = client.post("/try", data={"pasted": "1", "answer_body": body})

    assert "<script>" not in page.text.replace('<script type="module"', "").replace('<script src="', "")
    assert "<img src=x" not in page.text


@pytest.mark.parametrize(
    "body",
    [
        {"a": {"b": [1, {"c d": None, "é": True, 'q"': "x\ny", "": 0, "__": "\u2028"}]}, "n": 1.10, "t": "it's"},
        [[], {}, "", -0.0, 1e300, 12345678901234567890],
        "text",
        5,
        None,
    ],
)
def test_every_condition_that_is_offered_is_met_by_the_answer_it_comes_from(body: Any) -> None:
    raw = json.dumps(body).encode()
    tree = read_tree(raw)
    assert tree is not None

    conditions = [node.condition for node in _nodes(tree)]
    # Of the answer as a whole it goes without saying.
    conditions = conditions[1:] if tree.kind in ("object", "array") else conditions

    assert len(conditions) == _count(body) - (tree.kind in ("object", "array"))
    for condition in conditions:
        assert condition is not None
        rule = read_rule({"expect_json": condition})
        assert rule is not None
        verdict = judge(Exchange("https://target.example/", 200, body=raw, json=json.loads(raw)), rule)
        assert verdict.error is None, condition


def test_paths_that_would_grow_without_end_are_not_offered() -> None:
    body: Any = 1
    for _ in range(20):
        body = {"k" * 100: body, "other": 1}

    conditions = [node.condition for node in _nodes(read_tree(json.dumps(body).encode()))]

    assert None in conditions
    assert max(len(condition or "") for condition in conditions) <= 300


def _nodes(node: Any) -> list[Any]:
    return [node, *(found for child in node.children for found in _nodes(child))]


def _count(value: Any) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, below))
