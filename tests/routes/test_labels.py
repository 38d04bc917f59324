"""Pages call a field by its label, wherever they speak of it."""

from flask.testing import FlaskClient

from webapp.routes.forms import ANSWER_FIELDS, OPTION_FIELDS
from webapp.routes.labels import LABELS
from webapp.scans.host_limits import HOST_FIELDS


def test_every_field_of_the_form_has_a_label_of_its_own() -> None:
    fields = (*OPTION_FIELDS, *HOST_FIELDS, *ANSWER_FIELDS)

    labels = [LABELS[field] for field in fields]

    assert len(set(labels)) == len(fields)


def test_what_is_wrong_with_a_trial_is_told_by_labels(client: FlaskClient) -> None:
    typed = {"urls": "https://a.example/", "deadline": "soon", "expect_json": "n === 1"}

    words = client.post("/partials/try", data=typed).text

    assert "Give up after: " in words and "Values in the JSON: " in words


def test_what_a_template_sets_is_told_by_labels(client: FlaskClient) -> None:
    client.post("/templates", data={"name": "mine", "initial_interval": "5s", "headers": "X-Team: red"})

    page = client.get("/templates").text

    assert "header X-Team; wait between attempts 5s" in page
