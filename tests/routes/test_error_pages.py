"""What people and programs are told while the database is away."""

import dataclasses

import pytest
from flask.testing import FlaskClient

from webapp.app import create_app
from webapp.settings import Settings


@pytest.fixture
def client_without_database(settings: Settings) -> FlaskClient:
    return create_app(dataclasses.replace(settings, database_url="sqlite:////nowhere/at/all.sqlite3")).test_client()


def test_people_are_told_that_their_scans_are_safe(client_without_database: FlaskClient) -> None:
    answer = client_without_database.get("/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "What was submitted before is safe" in answer.text


def test_programs_are_told_when_to_come_back(client_without_database: FlaskClient) -> None:
    answer = client_without_database.post("/api/v1/scans", json={"url": "https://target.example/"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.content_type == "application/problem+json"
    assert "database" in answer.json["detail"]
