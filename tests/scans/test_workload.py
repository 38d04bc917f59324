"""How much work there is, and that the answer comes from the indexes."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import Select, text

from tests.factories import UNAVAILABLE, URL, a_claim, a_scan, settle
from webapp.database import db
from webapp.scans import lifecycle, workload
from webapp.scans.draft import Draft
from webapp.scans.workload import Count, due_backlog, due_statement, later_statement, running_now


def test_what_runs_is_told_with_who_runs_it(either_app: Flask) -> None:
    a_scan()
    scan_id = a_scan()
    a_claim(scan_id, worker="w7@host")

    [running] = running_now(10)

    assert (running.id, running.url, running.method, running.attempt, running.worker) == (
        scan_id,
        URL,
        "GET",
        1,
        "w7@host",
    )
    assert running.attempt_started_at is not None


def test_idle_scans_are_due_or_wait_whether_they_were_woken_or_not(either_app: Flask) -> None:
    lifecycle.forget_sent([a_scan()])
    a_scan()
    settle(a_claim(a_scan(initial_interval=30)), UNAVAILABLE)
    settle(a_claim(a_scan(initial_interval=600)), UNAVAILABLE)
    a_claim(a_scan())

    backlog = due_backlog()

    assert (backlog.due, backlog.later) == (Count(2, False), Count(2, False))
    assert 0 <= backlog.oldest_seconds < 30


def test_who_waits_in_line_for_a_host_is_counted_apart(either_app: Flask) -> None:
    lifecycle.hold(a_scan(), 1, shut=None)

    backlog = due_backlog()

    assert (backlog.due.value, backlog.later.value, backlog.in_line.value) == (0, 0, 1)


def test_nothing_due_is_no_wait(either_app: Flask) -> None:
    assert due_backlog().oldest_seconds == 0


def test_counting_stops_where_nobody_counts_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workload, "MAX_COUNTED", 2)
    lifecycle.submit([Draft(url=URL)] * 3)

    assert str(due_backlog().due) == "2+"


@pytest.mark.parametrize("statement", [due_statement(), later_statement()], ids=["due", "later"])
def test_each_question_is_answered_by_the_partial_indexes(
    either_app: Flask, statement: Select[int, dt.datetime | None, dt.datetime]
) -> None:
    if db.engine.dialect.name == "sqlite":
        explain = "EXPLAIN QUERY PLAN"
    else:
        explain = "EXPLAIN"
        # Of an empty table the planner would rather read the whole.
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
    sql = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))

    plan = " ".join(str(row) for row in db.session.execute(text(f"{explain} {sql}")))

    assert "ix_scan_unsent" in plan and "ix_scan_sent_at" in plan
