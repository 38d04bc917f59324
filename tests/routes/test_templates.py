"""Templates on pages and in the API: chosen, shown in the form, changed; values of headers never come out."""

import re
import uuid
from html import unescape
from typing import Any

from flask.testing import FlaskClient

from webapp.scans import queries, templates
from webapp.scans.models import Scan
from webapp.scans.rules.shorthand import read_rule

URL = "https://target.example/"
SAVED = {
    "name": "my export API",
    "headers": "Authorization: Bearer s3cret\nX-Team: blue",
    "initial_interval": "5s",
    "backoff": "exponential",
    "jitter": "none",
    "expect_json": 'state == "done"\r\nn >= 5',
    "match": "any",
    "fail_when": "status 404",
}


def make(client: FlaskClient, **fields: Any) -> str:
    answer = client.post("/templates", data={**SAVED, **fields})
    assert answer.status_code == 303, answer.text
    return str(templates.find_template(fields.get("name", SAVED["name"])).id)


def submitted(client: FlaskClient, **fields: Any) -> Scan:
    answer = client.post("/scans", data={"urls": URL, **fields})
    assert answer.status_code == 303, answer.text
    return queries.get_scan(uuid.UUID(answer.location.rsplit("/", 1)[1]))


def test_a_template_is_made_listed_and_shown_without_its_secrets(client: FlaskClient) -> None:
    template_id = make(client)

    listed, shown = client.get("/templates").text, client.get(f"/templates/{template_id}").text

    assert "my export API" in listed and "header Authorization" in listed
    assert "X-Team" in shown and "n &gt;= 5</textarea>" in shown
    assert "s3cret" not in listed + shown
    assert templates.find_template("my export API").options == {
        "initial_interval": "5s",
        "backoff": "exponential",
        "expect_json": 'state == "done"\nn >= 5',
        "match": "any",
        "fail_when": "status 404",
    }


def test_chosen_alone_it_gives_all_that_it_holds(client: FlaskClient) -> None:
    template_id = make(client)

    # The lists of choices send what nobody has chosen.
    usual = {"backoff": "fixed", "jitter": "none", "match": "all", "respect_retry_after": "yes", "method": "GET"}
    scan = submitted(client, template=template_id, filled="", **usual)

    assert queries.get_secrets(scan.id).headers == {"Authorization": "Bearer s3cret", "X-Team": "blue"}
    assert (scan.policy.initial_interval, scan.policy.backoff.value) == (5.0, "exponential")
    assert scan.rule.words == [
        "Fails at once when status 404",
        'Succeeds when status < 400 and (state == "done" or n >= 5)',
    ]


def test_shown_in_the_form_it_can_be_changed_before_the_submit(client: FlaskClient) -> None:
    template_id = make(client)

    page = client.post("/templates/use", data={"urls": URL, "headers": "X-Mine: 1", "template": template_id})
    form = unescape(page.text)

    assert page.status_code == 200
    assert URL in form and "X-Mine: 1" in form and 'state == "done"\nn >= 5</textarea>' in form
    assert f'name="filled" value="{template_id}"' in form and "s3cret" not in form
    changed = {"initial_interval": "5s", "backoff": "fixed", "expect_json": "n >= 6", "match": "all", "fail_when": ""}
    scan = submitted(client, template=template_id, filled=template_id, headers="x-team: red", **changed)
    assert scan.policy.backoff.value == "fixed"
    assert scan.rule.words == ["Succeeds when status < 400 and n >= 6"]
    assert queries.get_secrets(scan.id).headers == {"Authorization": "Bearer s3cret", "x-team": "red"}


def test_the_choice_is_asked_for_when_the_options_open(client: FlaskClient) -> None:
    template_id = make(client)
    submitted(client)  # the first visit shows the options of the sample

    assert template_id not in client.get("/").text
    assert template_id in client.get("/templates/choice").text
    assert template_id in client.post("/scans", data={"urls": "nonsense", "max_attempts": "3"}).text


def test_a_trial_asks_as_the_template_says(client: FlaskClient) -> None:
    template_id = make(client)
    pasted = {"pasted": "1", "answer_status": "404", "template": template_id}

    assert "This would end the scan at once" in client.post("/partials/try", data=pasted).text


def test_changing_it_keeps_headers_that_are_not_named(client: FlaskClient) -> None:
    template_id = make(client)

    client.post(
        f"/templates/{template_id}", data={**SAVED, "headers": "X-New: 1\nx-team: red", "drop": "Authorization"}
    )

    template = templates.get_template(uuid.UUID(template_id))
    assert template.headers == {"X-New": "1", "x-team": "red"}


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(client: FlaskClient) -> None:
    template_id = make(client)

    for path in ("/templates", f"/templates/{template_id}"):
        answer = client.post(path, data={**SAVED, "name": "other", "expect_json": "a &&"})
        assert answer.status_code == 422
        assert 'id="error-expect_json"' in answer.text and 'value="other"' in answer.text
    chosen = client.post("/scans", data={"urls": URL, "template": "nonsense"})
    assert chosen.status_code == 422
    assert client.post("/templates/use", data={"template": "nonsense"}).status_code == 422
    assert client.get(f"/templates/{uuid.uuid4()}").status_code == 404


def test_it_is_deleted(client: FlaskClient) -> None:
    template_id = make(client)

    assert client.post(f"/templates/{template_id}/delete").status_code == 303

    assert "No template yet" in client.get("/templates").text
    assert client.post(f"/templates/{template_id}/delete").status_code == 404


def test_the_api_makes_lists_replaces_and_deletes(client: FlaskClient) -> None:
    conditions = [{"path": "n", "op": ">=", "value": 5}, 'state == "done"']
    body = {"name": "api", "headers": {"X-Token": "s3cret"}, "max_attempts": 3, "expect_json": conditions}

    made = client.post("/api/v1/templates", json=body)

    assert made.status_code == 201 and made.json["header_names"] == ["X-Token"]
    assert made.json["options"] == {"max_attempts": 3, "expect_json": conditions}
    where = made.headers["Location"]
    assert client.get(where).json == made.json
    assert client.get("/api/v1/templates").json["items"] == [made.json]
    assert client.put(where, json={"name": "api", "deadline": "2h"}).json["header_names"] == ["X-Token"]
    replaced = client.put(where, json={"name": "api 2", "headers": {}}).json
    assert (replaced["name"], replaced["options"], replaced["header_names"]) == ("api 2", {}, [])
    assert "s3cret" not in made.text + client.get("/api/v1/templates").text
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404
    assert client.post("/api/v1/templates", json={"name": "x", "url": URL}).json["field"] == "url"


def test_conditions_that_were_given_as_objects_can_be_shown_and_saved_in_the_form(client: FlaskClient) -> None:
    given = {
        "expect_json": [{"path": "n", "op": ">=", "value": 5}, {"not": {"json": {"path": "e", "op": "exists"}}}],
        "expect_header": {"name": "X-A", "matches": "b"},
        "fail_when": [{"any": ["status 404", {"body_regex": "gone"}]}],
    }
    where = client.post("/api/v1/templates", json={"name": "api", **given}).headers["Location"]
    template = templates.find_template("api")
    before = templates.apply(template, {})

    values = templates_form(client, template.id)
    client.post(f"/templates/{template.id}", data=values)

    after = templates.apply(templates.find_template("api"), {})
    assert rule_words(before) == rule_words(after)
    assert client.get(where).status_code == 200


def test_a_whole_rule_can_be_shown_and_saved_in_the_form(client: FlaskClient) -> None:
    rule = [
        {"when": "status 404", "then": "failure"},
        {"when": {"json": {"path": "a"} | {"value": 1}}, "then": "success"},
    ]
    client.post("/api/v1/templates", json={"name": "api", "rule": rule})
    template = templates.find_template("api")

    client.post(f"/templates/{template.id}", data=templates_form(client, template.id))

    assert rule_words(templates.apply(templates.find_template("api"), {})) == [
        "Fails at once when status 404",
        "Succeeds when a == 1",
    ]


def test_programs_submit_with_a_template_by_its_name(client: FlaskClient) -> None:
    make(client)
    given = {"template": "my export API", "max_attempts": 2}

    one = client.post("/api/v1/scans", json={"url": URL, **given})
    many = client.post("/api/v1/batches", json={"urls": [URL, URL], **given})
    tried = client.post("/api/v1/try", json={"answer": {"status": 404}, **given})
    unknown = client.post("/api/v1/scans", json={"url": URL, "template": "nonsense"})

    assert (one.status_code, many.status_code) == (201, 202)
    scan = queries.get_scan(uuid.UUID(one.json["id"]))
    assert (scan.policy.max_attempts, scan.policy.initial_interval) == (2, 5.0)
    assert queries.get_secrets(scan.id).headers["X-Team"] == "blue"
    assert tried.json["decision"] == "failure"
    assert (unknown.status_code, unknown.json["field"]) == (422, "template")


def templates_form(client: FlaskClient, template_id: uuid.UUID) -> dict[str, str]:
    """What the edit page would send back."""
    page = unescape(client.get(f"/templates/{template_id}").text)
    areas = re.findall(r'<textarea id="(\w+)"[^>]*?(?<!-)>(.*?)</textarea>', page, re.S)
    inputs = re.findall(r'<input id="(\w+)" name="\w+" value="([^"]*)"', page)
    return dict([*areas, *inputs])


def rule_words(options: dict[str, Any]) -> list[str]:
    rule = read_rule(options)
    assert rule is not None
    return rule.words
