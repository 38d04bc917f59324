"""What is asked of a batch as a whole, on both databases."""

import uuid

from flask import Flask

from tests.factories import GOOD, HOPELESS, UNAVAILABLE, a_claim, row, settle
from webapp.database import db
from webapp.scans import batch_report, lifecycle
from webapp.scans.draft import Draft
from webapp.scans.exchange import Exchange
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.states import ErrorCode


def a_batch(*hosts: str) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """Its id and those of its scans, one attempt each, in the order of the hosts."""
    once = RetryPolicy(max_attempts=1)
    drafts = [Draft(url=f"https://{host}/{number}", policy=once) for number, host in enumerate(hosts)]
    submission = lifecycle.submit(drafts, batch_name="report")
    assert submission.batch_id is not None
    return submission.batch_id, sorted(change.id for change in submission.changes)


def end(scan_id: uuid.UUID, exchange: Exchange) -> None:
    assert settle(a_claim(scan_id), exchange) is not None


def test_failures_are_grouped_by_host_and_cause_the_largest_first(either_app: Flask) -> None:
    batch_id, ids = a_batch("a.example", "b.example", "a.example", "a.example", "a.example", "b.example")
    _, others = a_batch("a.example")
    for scan_id in ids[:1] + others:
        end(scan_id, HOPELESS)
    for scan_id in ids[1:4]:
        end(scan_id, UNAVAILABLE)
    end(ids[4], GOOD)

    groups = batch_report.failure_groups(batch_id)

    told = [(group.host, group.status, group.count, group.sample.id) for group in groups]
    assert told[0] == ("a.example", 503, 2, ids[3])
    assert sorted(told[1:]) == [("a.example", None, 1, ids[0]), ("b.example", 503, 1, ids[1])]
    assert {group.error_code for group in groups if group.status is None} == {ErrorCode.SSL_WRONG_HOST}


def test_only_the_largest_groups_are_told(either_app: Flask) -> None:
    batch_id, ids = a_batch(*(f"{number}.example" for number in range(batch_report.MOST_GROUPS + 2)))
    for scan_id in ids:
        end(scan_id, HOPELESS)

    assert len(batch_report.failure_groups(batch_id)) == batch_report.MOST_GROUPS


def test_a_batch_without_failures_has_no_groups(either_app: Flask) -> None:
    batch_id, ids = a_batch("a.example")
    end(ids[0], GOOD)

    assert batch_report.failure_groups(batch_id) == []


def test_what_ended_lately_is_counted_and_the_last_end_is_known(either_app: Flask) -> None:
    batch_id, ids = a_batch("a.example", "b.example", "c.example")
    assert batch_report.count_ended_lately(batch_id) == 0
    assert batch_report.last_end(batch_id) is None

    end(ids[0], GOOD)
    end(ids[2], HOPELESS)
    db.session.rollback()

    assert batch_report.count_ended_lately(batch_id) == 2
    assert batch_report.last_end(batch_id) == max(
        moment for scan_id in ids if (moment := row(scan_id).finished_at) is not None
    )


def test_each_scan_comes_once_in_the_order_of_the_submit(either_app: Flask) -> None:
    batch_id, ids = a_batch(*["a.example"] * 1203)

    told: list[uuid.UUID] = []
    while scans := batch_report.next_scans(batch_id, told[-1] if told else None):
        told += [scan.id for scan in scans]

    assert told == ids
