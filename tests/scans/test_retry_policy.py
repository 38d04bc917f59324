"""Waits: tables for each kind of backoff and jitter, and what holds for every policy there can be."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.scans.lifecycle import chance_of
from webapp.scans.retry_plan import plan, plan_on
from webapp.scans.retry_policy import Backoff, Chance, GiveUp, Jitter, RetryPolicy

FIXED, LINEAR, EXPONENTIAL, SCHEDULE = Backoff.FIXED, Backoff.LINEAR, Backoff.EXPONENTIAL, Backoff.SCHEDULE


def always(drawn: float) -> Chance:
    return lambda _: drawn


def policies() -> st.SearchStrategy[RetryPolicy]:
    waits = st.floats(0, 86400)
    return st.builds(
        _policy,
        max_attempts=st.integers(1, 60),
        initial_interval=waits,
        backoff=st.sampled_from(Backoff),
        backoff_coefficient=st.floats(1, 10),
        schedule=st.lists(waits, min_size=1, max_size=8).map(tuple),
        max_interval=waits,
        jitter=st.sampled_from(Jitter),
        attempt_timeout=st.floats(0.1, 530),
        deadline=st.floats(1, 2_592_000),
        retry_after_cap=waits,
    )


def _policy(**values: object) -> RetryPolicy:
    # What the input refuses does not come here.
    if values["jitter"] is Jitter.DECORRELATED:
        values["backoff"] = Backoff.EXPONENTIAL
    return RetryPolicy(**values)  # type: ignore[arg-type]


CHANCES = st.builds(chance_of, st.uuids()) | st.sampled_from([always(0.0), always(0.5), always(1 - 2**-53)])


@pytest.mark.parametrize(
    ("policy", "waits"),
    [
        (RetryPolicy(initial_interval=15), [15, 15, 15, 15]),
        (RetryPolicy(initial_interval=900), [900, 900, 900, 900]),
        (RetryPolicy(initial_interval=10, backoff=LINEAR, max_interval=35), [10, 20, 30, 35]),
        (RetryPolicy(initial_interval=10, backoff=EXPONENTIAL, max_interval=35), [10, 20, 35, 35]),
        (RetryPolicy(initial_interval=10, backoff=EXPONENTIAL, backoff_coefficient=3), [10, 30, 90, 270]),
        (RetryPolicy(initial_interval=0, backoff=EXPONENTIAL), [0, 0, 0, 0]),
        (RetryPolicy(backoff=SCHEDULE, schedule=(5, 60, 1800)), [5, 60, 1800, 1800]),
    ],
)
def test_waits_by_kind_of_backoff(policy: RetryPolicy, waits: list[float]) -> None:
    assert [policy.wait_after(attempt) for attempt in (1, 2, 3, 4)] == waits


@pytest.mark.parametrize(
    ("jitter", "drawn", "waits"),
    [
        (Jitter.NONE, 0.9, [10, 20, 40]),
        (Jitter.FULL, 0.0, [0, 0, 0]),
        (Jitter.FULL, 0.5, [5, 10, 20]),
        (Jitter.EQUAL, 0.0, [5, 10, 20]),
        (Jitter.EQUAL, 0.5, [7.5, 15, 30]),
        # From the first wait to three times the one before: 10..30, 10..60, 10..60 for a draw of one half.
        (Jitter.DECORRELATED, 0.0, [10, 10, 10]),
        (Jitter.DECORRELATED, 0.5, [20, 35, 57.5]),
    ],
)
def test_what_chance_makes_of_a_wait(jitter: Jitter, drawn: float, waits: list[float]) -> None:
    policy = RetryPolicy(initial_interval=10, backoff=EXPONENTIAL, jitter=jitter, max_interval=60)

    assert [policy.own_wait(attempt, always(drawn)) for attempt in (1, 2, 3)] == waits


@pytest.mark.parametrize(
    ("asked", "cap", "wait"),
    [(None, 3600, 15), (5, 3600, 15), (120, 3600, 120), (120, 60, 60), (120, 0, 15), (7200, 3600, 3600)],
)
def test_the_server_may_ask_for_more_up_to_the_cap_and_never_for_less(
    asked: float | None, cap: float, wait: float
) -> None:
    policy = RetryPolicy(retry_after_cap=cap)

    assert policy.next_wait(attempt=1, seconds_left=9999, chance=always(0), asked=asked) == wait


def test_there_is_no_wait_past_the_deadline_or_the_last_attempt() -> None:
    policy = RetryPolicy(max_attempts=3, initial_interval=15)

    assert policy.next_wait(attempt=3, seconds_left=9999, chance=always(0)) is GiveUp.EXHAUSTED
    assert policy.next_wait(attempt=1, seconds_left=15, chance=always(0)) is GiveUp.TIMED_OUT
    assert policy.next_wait(attempt=1, seconds_left=15.1, chance=always(0)) == 15
    assert policy.next_wait(attempt=1, seconds_left=60, chance=always(0), asked=60) is GiveUp.TIMED_OUT


def test_a_scans_chance_is_its_own_and_stays() -> None:
    one, other = chance_of(uuid.UUID(int=1)), chance_of(uuid.UUID(int=2))
    drawn = [one(attempt) for attempt in range(1, 501)]

    assert drawn == [one(attempt) for attempt in range(1, 501)] != [other(attempt) for attempt in range(1, 501)]
    assert all(0 <= value < 1 for value in drawn)
    assert len(set(drawn)) == 500 and 0.4 < sum(drawn) / 500 < 0.6


# For every policy


@given(policies(), CHANCES, st.integers(1, 80))
def test_no_wait_is_below_zero_or_outside_its_bounds_or_above_its_cap(
    policy: RetryPolicy, chance: Chance, attempt: int
) -> None:
    low, high = policy.wait_bounds(attempt)
    wait = policy.own_wait(attempt, chance)

    assert 0 <= low <= high
    assert low * (1 - 1e-9) <= wait <= high * (1 + 1e-9)
    if policy.backoff in (Backoff.LINEAR, Backoff.EXPONENTIAL):
        assert wait <= policy.max_interval


@given(policies(), st.integers(1, 80))
def test_waits_that_grow_never_shrink(policy: RetryPolicy, attempt: int) -> None:
    if policy.backoff is not Backoff.SCHEDULE:
        assert policy.wait_after(attempt) <= policy.wait_after(attempt + 1)
    assert policy.wait_bounds(attempt)[1] <= policy.wait_bounds(attempt + 1)[1] or policy.backoff is Backoff.SCHEDULE


@given(policies(), CHANCES, st.integers(1, 80), st.floats(-10, 2_592_000), st.none() | st.floats(0, 1e9))
def test_the_next_attempt_is_never_past_the_deadline_and_never_before_its_own_wait(
    policy: RetryPolicy, chance: Chance, attempt: int, seconds_left: float, asked: float | None
) -> None:
    wait = policy.next_wait(attempt=attempt, seconds_left=seconds_left, chance=chance, asked=asked)

    if isinstance(wait, GiveUp):
        assert (wait is GiveUp.EXHAUSTED) == (attempt >= policy.max_attempts)
    else:
        own = policy.own_wait(attempt, chance)
        assert own <= wait < seconds_left
        assert wait <= max(own, policy.retry_after_cap)


@given(policies(), CHANCES)
def test_the_preview_is_what_happens(policy: RetryPolicy, chance: Chance) -> None:
    preview = plan(policy)
    starts = _lived_through(policy, chance)

    assert len(starts) <= len(preview.attempts) <= policy.max_attempts
    for start, planned in zip(starts, preview.attempts, strict=False):
        assert planned.earliest * (1 - 1e-9) <= start <= planned.latest * (1 + 1e-9)
        assert planned.latest <= policy.deadline
    assert preview.gives_up_earliest <= preview.gives_up_latest <= policy.deadline
    if policy.jitter is Jitter.NONE:
        assert [planned.earliest for planned in preview.attempts] == starts


@given(policies(), CHANCES, st.integers(1, 60))
def test_a_scans_own_plan_goes_on_from_where_it_stands(policy: RetryPolicy, chance: Chance, number: int) -> None:
    starts = _lived_through(policy, chance)
    number = min(number, len(starts))

    rest = plan_on(policy, number=number, starts=starts[number - 1], chance=chance)

    assert [planned.earliest for planned in rest.attempts] == starts[number - 1 :]
    assert rest.attempts[0].number == number


def _lived_through(policy: RetryPolicy, chance: Chance) -> list[float]:
    """When attempts start whose answers come at once and are never good."""
    starts = [0.0]
    while True:
        # As the plan adds up: a sum of floats depends on its order.
        wait = policy.own_wait(len(starts), chance)
        left = policy.deadline - starts[-1]
        if isinstance(policy.next_wait(attempt=len(starts), seconds_left=left, chance=chance), GiveUp):
            return starts
        starts.append(starts[-1] + wait)
