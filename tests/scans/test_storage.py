"""Room for answers: the oldest of ended scans go first, no more than must, and it is told that they went."""

import dataclasses
import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tasks.upkeep import Upkeep
from tests.factories import GOOD, UNAVAILABLE, a_claim, a_scan, settle
from webapp.scans import lifecycle, queries


def ended(size: int) -> uuid.UUID:
    scan_id = a_scan()
    settle(a_claim(scan_id), dataclasses.replace(GOOD, body=b"1" * size, json=1))
    return scan_id


class TestOnEitherDatabase:
    @pytest.fixture(autouse=True)
    def in_app(self, either_app: Flask) -> None: ...

    def test_bytes_are_weighed(self) -> None:
        assert lifecycle.stored_bytes() == 0
        ended(100), ended(30)

        assert lifecycle.stored_bytes() == 130

    def test_the_oldest_go_and_no_more_than_must(self) -> None:
        scans = [ended(100) for _ in range(4)]

        assert lifecycle.drop_answers(10, at_least=150) == 200
        assert [queries.get_answer(scan_id) is None for scan_id in scans] == [True, True, False, False]

    def test_a_step_takes_so_many_at_the_most(self) -> None:
        for _ in range(4):
            ended(100)

        assert lifecycle.drop_answers(3, at_least=10_000) == 300

    def test_a_scan_that_has_not_ended_keeps_its_answer(self) -> None:
        scan_id = a_scan()
        settle(a_claim(scan_id), UNAVAILABLE)

        assert lifecycle.drop_answers(10, at_least=10_000) == 0
        assert queries.get_answer(scan_id) is not None


def test_the_scheduler_weighs_and_drops_until_it_fits(app: Flask) -> None:
    for _ in range(5):
        ended(100)
    upkeep = Upkeep(keep_days=0, most_bytes=250)

    outlook = lifecycle.look_ahead()
    for _ in range(3):
        for step in upkeep.steps(outlook):
            step()

    assert lifecycle.stored_bytes() == 200


def test_page_and_program_are_told_that_an_answer_was_dropped(client: FlaskClient) -> None:
    scan_id = ended(2048)
    lifecycle.drop_answers(1, at_least=1)

    page, answer = client.get(f"/scans/{scan_id}"), client.get(f"/api/v1/scans/{scan_id}/answer")

    assert "MAX_STORED_MB" in page.text
    assert answer.status_code == 410 and "MAX_STORED_MB" in answer.get_json()["detail"]
    assert client.get(f"/api/v1/scans/{a_scan()}/answer").status_code == 404
