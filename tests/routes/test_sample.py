"""The sample target of the first visit."""

import pytest
from flask.testing import FlaskClient

from webapp.routes import sample


@pytest.fixture(autouse=True)
def no_thinking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "_THINKING_SECONDS", 0)


def ask(client: FlaskClient, token: str) -> tuple[int, bool]:
    response = client.get(f"/sample/flaky/{token}")
    return response.status_code, response.json["success"]


def test_it_fails_twice_and_then_succeeds(client: FlaskClient) -> None:
    answers = [ask(client, "first") for _ in range(4)]

    assert answers == [(503, False), (503, False), (200, True), (200, True)]


def test_each_visit_starts_anew(client: FlaskClient) -> None:
    for _ in range(3):
        ask(client, "one visit")

    assert ask(client, "another visit") == (503, False)
