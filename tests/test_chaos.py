"""The drill: its arithmetic, and a short one for real on both databases."""

import dataclasses
import datetime as dt
import subprocess
import uuid

import pytest

from chaos.crowd import Sort
from chaos.evidence import Fate, Tried
from chaos.killer import Kill
from chaos.outages import Outage
from chaos.plan import PLANNED, Kind, Plan, steps
from chaos.report import Report, is_doubled, late_starts, percentile, recovery_gaps, terminal_writes
from tests.process import PYTHON, ROOT
from webapp.cli.refused import Refused
from webapp.scans.states import Outcome, State

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def tried(number: int, outcome: Outcome, begin: float, end: float, *, worker: str = "w1.1@drill") -> Tried:
    return Tried(number, outcome, worker, at(begin), at(end))


def a_fate(*attempts: Tried, state: State = State.SUCCEEDED, revision: int | None = None, crashes: int = 0) -> Fate:
    count = len(attempts)
    revision = 1 + 2 * count if revision is None else revision
    scan_id = uuid.uuid4()
    return Fate(
        scan_id, f"http://target.example/{scan_id}", Sort.FAST, state, revision, count, crashes, at(0), attempts
    )


GOOD = tried(1, Outcome.SUCCEEDED, 0, 1)
CUT_OFF = tried(1, Outcome.INTERRUPTED, 0, 4)


def a_report(*fates: Fate, kills: tuple[Kill, ...] = (), gone: tuple[str, ...] = ()) -> Report:
    accepted = {fate.url for fate in fates} | set(gone)
    return Report(accepted, fates, kills, (), max_crashes=5, fenced=0, needless=0, restarts=0, seconds=1.0)


def a_kill(seconds: float, *, node: str | None = "w1.1@drill") -> Kill:
    return Kill(Kind.CHILD, at(seconds), node, 1)


def a_plan(
    *,
    scans: int = 60,
    kills: int = 8,
    seed: int = 1,
    without: frozenset[str] = frozenset(),
    database_url: str | None = None,
    broker_url: str | None = None,
) -> Plan:
    return Plan(
        scans=scans,
        kills=kills,
        seed=seed,
        workers=2,
        pool="prefork",
        concurrency=4,
        lease_seconds=3,
        limit_seconds=60,
        pace_seconds=1,
        is_kept=False,
        database_url=database_url,
        broker_url=broker_url,
        without=without,
        only=frozenset(),
    )


def test_the_same_seed_makes_the_same_plan() -> None:
    assert steps(a_plan(seed=7)) == steps(a_plan(seed=7))
    assert steps(a_plan(seed=7)) != steps(a_plan(seed=8))


def test_a_plan_submits_all_scans_and_kills_in_every_way() -> None:
    plan = steps(a_plan(scans=61, kills=len(PLANNED), database_url="postgres", broker_url="rabbitmq"))

    assert sum(step.scans for step in plan) == 61
    assert {step.kind for step in plan} == set(PLANNED) - {Kind.RELEASE}


def test_what_is_not_there_is_not_killed() -> None:
    killed = {step.kind for step in steps(a_plan(kills=30, without=frozenset({"due"})))}

    assert killed == set(PLANNED) - {Kind.BEAT, Kind.POSTGRES, Kind.RABBITMQ, Kind.RELEASE}


def test_only_what_is_asked_for_is_done() -> None:
    plan = dataclasses.replace(a_plan(), only=frozenset({Kind.RELEASE}))

    assert {step.kind for step in steps(plan)} == {Kind.RELEASE}


def test_a_plan_with_nothing_to_kill_is_refused() -> None:
    with pytest.raises(Refused, match="rabbitmq"):
        steps(dataclasses.replace(a_plan(), only=frozenset({Kind.RABBITMQ})))


def test_a_plan_without_kills_still_submits() -> None:
    assert [(step.scans, step.kind) for step in steps(a_plan(scans=5, kills=0))] == [(5, None)]


def test_a_scan_that_ended_once_has_one_terminal_write() -> None:
    fate = a_fate(CUT_OFF, tried(2, Outcome.SUCCEEDED, 5, 6))

    assert terminal_writes(fate) == 1
    assert not is_doubled(fate)


@pytest.mark.parametrize(
    "fate",
    [
        a_fate(GOOD, revision=4),
        a_fate(GOOD, tried(2, Outcome.SUCCEEDED, 2, 3)),
        a_fate(tried(2, Outcome.SUCCEEDED, 2, 3)),
        a_fate(GOOD, tried(2, Outcome.INTERRUPTED, 2, 3), state=State.ABANDONED),
    ],
    ids=["its end was written twice", "it succeeded twice", "an attempt is missing", "it went on after its success"],
)
def test_a_scan_is_doubled_when(fate: Fate) -> None:
    assert is_doubled(fate)
    assert not a_report(fate).is_passed


def test_a_scan_that_did_not_end_is_lost() -> None:
    report = a_report(a_fate(GOOD), a_fate(CUT_OFF, state=State.RUNNING))

    assert report.lost_count == 1
    assert not report.doubled
    assert not report.is_passed


def test_a_scan_whose_row_is_gone_is_lost() -> None:
    assert a_report(a_fate(GOOD), gone=("http://target.example/gone",)).lost_count == 1


def test_a_scan_may_be_abandoned_only_after_as_many_lost_workers_as_it_takes() -> None:
    cut_off = [tried(number, Outcome.INTERRUPTED, number * 5, number * 5 + 4) for number in range(1, 6)]

    assert a_report(a_fate(*cut_off, state=State.ABANDONED, crashes=5)).is_passed
    assert not a_report(a_fate(*cut_off[:4], state=State.ABANDONED, crashes=4)).is_passed


def test_the_gap_runs_from_the_kill_of_its_worker_to_the_next_attempt() -> None:
    fate = a_fate(CUT_OFF, tried(2, Outcome.SUCCEEDED, 5, 6))
    kills = [a_kill(0.5, node="w2.1@drill"), a_kill(1), a_kill(2), a_kill(4.5)]

    assert recovery_gaps(fate, kills, ()) == [4.0]


def test_the_time_that_stores_were_away_is_left_out_of_the_gap_and_counted_once() -> None:
    fate = a_fate(CUT_OFF, tried(2, Outcome.SUCCEEDED, 9, 10))
    outages = [Outage(at(-5), at(2)), Outage(at(3), at(6)), Outage(at(4), at(5)), Outage(at(8.5), at(20))]

    assert recovery_gaps(fate, [a_kill(1)], outages) == [8 - 1 - 3 - 0.5]


def test_an_interruption_without_a_kill_is_unexplained() -> None:
    fate = a_fate(CUT_OFF, tried(2, Outcome.SUCCEEDED, 5, 6))

    assert recovery_gaps(fate, [a_kill(1, node=None)], ()) == [None]
    assert a_report(fate).unexplained == 1


def test_slow_recovery_fails_the_drill() -> None:
    fate = a_fate(CUT_OFF, tried(2, Outcome.SUCCEEDED, 11.5, 12))

    assert not a_report(fate, kills=(a_kill(1),)).is_passed
    assert a_report(fate, kills=(a_kill(2),)).is_passed


def test_a_late_start_is_told_of_first_attempts_and_of_retries() -> None:
    fate = a_fate(tried(1, Outcome.HTTP_ERROR, 12, 13), tried(2, Outcome.SUCCEEDED, 34, 35))

    assert late_starts(fate) == [20.0, 12.0]


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 95) == 95.0
    assert percentile([], 95) == 0.0


# On a loaded machine most of its time is starting what was killed.
@pytest.mark.timeout(180)
@pytest.mark.parametrize("options", [[], ["--database", "postgres"]], ids=["sqlite", "postgres"])
def test_nothing_is_lost_or_doubled_in_a_short_drill(options: list[str]) -> None:
    argv = [PYTHON, "-m", "chaos", "--quick", "--limit", "80", *options]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "lost                       0\n" in done.stdout
    assert "terminal writes per scan   1: 60 scans\n" in done.stdout
