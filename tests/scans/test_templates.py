"""Templates: what they keep, what counts more, and that a scan owes them nothing once it is submitted."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from webapp.database import transaction
from webapp.scans import lifecycle, queries, templates
from webapp.scans.draft import Draft
from webapp.scans.errors import InvalidField, TemplateNotFound
from webapp.scans.sealing import SealBroken
from webapp.scans.templates import Template

URL = "https://target.example/"
OPTIONS = {"initial_interval": "5s", "max_attempts": 7, "expect_json": "n == 5", "match": "any"}


@pytest.fixture
def template(either_app: Flask) -> Template:
    template_id = templates.save("my export API", OPTIONS, {"Authorization": "Bearer s3cret", "X-Team": "blue"})
    return templates.get_template(template_id)


def a_draft(template: Template, **given: Any) -> Draft:
    return Draft.parse({"url": URL, **templates.apply(template, given)})


def test_it_is_found_by_name_and_by_id(template: Template) -> None:
    assert templates.find_template("my export API").id == template.id
    assert templates.find_template(str(template.id)).id == template.id
    assert [each.name for each in templates.list_templates()] == ["my export API"]


def test_a_scan_takes_headers_rule_and_policy_from_it(template: Template) -> None:
    draft = a_draft(template)

    assert draft.headers == {"Authorization": "Bearer s3cret", "X-Team": "blue"}
    assert (draft.policy.initial_interval, draft.policy.max_attempts) == (5.0, 7)
    assert draft.rule.words == ["Succeeds when status < 400 and n == 5"]


def test_what_is_said_beside_it_counts_more(template: Template) -> None:
    draft = a_draft(template, max_attempts=2, headers="authorization: other", method="POST", expect_status="204")

    assert draft.headers == {"authorization": "other", "X-Team": "blue"}
    assert (draft.policy.initial_interval, draft.policy.max_attempts, draft.method) == (5.0, 2, "POST")
    assert draft.rule.words == ["Succeeds when status 204"]


def test_changing_or_deleting_it_changes_no_scan_that_was_submitted(template: Template) -> None:
    scan_id = lifecycle.submit([a_draft(template)]).changes[0].id

    templates.save("other", {"expect_status": "500"}, {}, of=template.id)
    templates.remove(template.id)

    scan = queries.get_scan(scan_id)
    assert scan.rule.words == ["Succeeds when status < 400 and n == 5"]
    assert queries.get_secrets(scan_id).headers["Authorization"] == "Bearer s3cret"
    assert scan.policy.max_attempts == 7


def test_headers_are_sealed_for_it_alone(template: Template) -> None:
    other = templates.save("other", {}, {"X": "y"})
    with transaction() as connection:
        stored = connection.execute(text("SELECT name, options, sealed FROM template")).all()
        assert "s3cret" not in repr([(name, options, bytes(sealed)) for name, options, sealed in stored])
        connection.execute(
            text(
                "UPDATE template SET sealed = (SELECT t.sealed FROM template t WHERE t.name = 'other')"
                " WHERE name != 'other'"
            )
        )

    assert templates.get_template(other).headers == {"X": "y"}
    with pytest.raises(SealBroken):
        _ = templates.get_template(template.id).headers


def test_rotating_keys_seals_them_anew(template: Template) -> None:
    before, when = template.sealed, template.updated_at

    assert lifecycle.reseal_templates()[:2] == (1, 0)

    again = templates.get_template(template.id)
    assert again.sealed != before and again.updated_at == when
    assert again.headers["X-Team"] == "blue"


@pytest.mark.parametrize(
    ("name", "options", "headers", "field"),
    [
        ("", {}, {}, "name"),
        ("x" * 101, {}, {}, "name"),
        ("a\u202eb", {}, {}, "name"),
        (None, {}, {}, "name"),
        ("my export API", {}, {}, "name"),
        ("n", {"expect_status": "ok"}, {}, "expect_status"),
        ("n", {"deadline": "soon"}, {}, "deadline"),
        ("n", {}, {"Host": "x"}, "headers"),
        ("n", {"expect_json": [{"path": "a", "value": "x" * 1900}] * 50}, {}, "rule"),
    ],
)
def test_what_cannot_be_kept_is_refused(template: Template, name: Any, options: Any, headers: Any, field: str) -> None:
    with pytest.raises(InvalidField) as caught:
        templates.save(name, options, headers)

    assert caught.value.field == field and caught.value.problem
    assert len(templates.list_templates()) == 1


def test_a_taken_name_is_refused_for_a_change_too_and_its_own_is_not(template: Template) -> None:
    other = templates.save("other", {}, {})

    with pytest.raises(InvalidField):
        templates.save("my export API", {}, {}, of=other)
    assert templates.save("other", {"max_attempts": 3}, {}, of=other) == other


def test_what_is_not_there_is_not_there(template: Template) -> None:
    templates.remove(template.id)

    with pytest.raises(TemplateNotFound):
        templates.remove(template.id)
    with pytest.raises(TemplateNotFound):
        templates.save("x", {}, {}, of=template.id)
    for given in ("nonsense", str(template.id), "\0", "x" * 5000, None, 5):
        with pytest.raises(InvalidField):
            templates.find_template(given)
