"""Answers that differ are kept, in bounded number and size, and go with their scan; on both databases."""

import json
import uuid
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from tests.factories import GOOD, URL, a_claim, a_scan, settle
from webapp.database import db, transaction
from webapp.scans import lifecycle, queries
from webapp.scans.exchange import Exchange
from webapp.scans.lifecycle.answers import EARLIER_BYTES, EXCERPT_BYTES, MOST_EARLIER
from webapp.scans.models import Answer, EarlierAnswer, Scan

pytestmark = pytest.mark.usefixtures("either_app")


def not_yet(value: Any) -> Exchange:
    body = json.dumps(value).encode()
    return Exchange(URL, 503, content_type="application/json", body=body, json=value)


def answered(*exchanges: Exchange) -> uuid.UUID:
    scan_id = a_scan(initial_interval=0)
    for number, exchange in enumerate(exchanges, 1):
        assert settle(a_claim(scan_id, number), exchange) is not None
    return scan_id


def earlier(scan_id: uuid.UUID) -> dict[int, bytes]:
    return {each.attempt: each.body for each in queries.get_earlier_answers(scan_id)}


def test_only_answers_that_differ_are_kept_each_by_the_last_attempt_that_brought_it() -> None:
    scan_id = answered(*(not_yet({"progress": n}) for n in (0, 0, 0, 40, 40, 60)))

    latest = queries.get_answer(scan_id)
    assert latest is not None and (latest.attempt, latest.body) == (6, b'{"progress": 60}')
    assert earlier(scan_id) == {3: b'{"progress": 0}', 5: b'{"progress": 40}'}
    digests = [attempt.answer_digest for attempt in queries.get_attempts(scan_id)]
    assert len(set(digests)) == 3 and digests[0] == digests[2] != digests[3]


def test_the_same_answer_again_moves_its_number_alone() -> None:
    scan_id = answered(not_yet({"progress": 0}), not_yet({"progress": 0}))

    latest = queries.get_answer(scan_id)
    assert latest is not None and latest.attempt == 2
    assert earlier(scan_id) == {}


def test_the_first_one_and_the_latest_are_kept_and_no_more() -> None:
    scan_id = answered(*(not_yet({"progress": n}) for n in range(MOST_EARLIER + 5)))

    newest = MOST_EARLIER + 4
    assert sorted(earlier(scan_id)) == [1, *range(newest - MOST_EARLIER + 2, newest + 1)]


def test_a_large_answer_is_kept_as_its_beginning_and_is_no_json_then() -> None:
    large = {"text": "x" * (EXCERPT_BYTES + 1)}

    scan_id = answered(not_yet(large), not_yet({"a": 1}))

    [kept] = queries.get_earlier_answers(scan_id)
    assert len(kept.body) == EARLIER_BYTES and not kept.is_json


def test_a_good_answer_is_stored_whole_and_those_before_it_stay() -> None:
    scan_id = answered(not_yet({"success": False}), GOOD)

    latest = queries.get_answer(scan_id)
    assert latest is not None and latest.body == GOOD.body
    assert earlier(scan_id) == {1: b'{"success": false}'}


def test_all_bodies_count_and_go_with_the_scan_or_with_its_answer() -> None:
    one, other = (answered(not_yet({"n": 1}), not_yet({"n": 2})) for _ in range(2))
    assert lifecycle.stored_bytes() == 4 * len(b'{"n": 1}')

    with transaction() as connection:
        connection.execute(delete(Scan).where(Scan.id == one))
        connection.execute(delete(Answer).where(Answer.scan_id == other))

    assert db.session.scalar(select(func.count()).select_from(EarlierAnswer)) == 0
    assert lifecycle.stored_bytes() == 0
