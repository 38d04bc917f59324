"""A policy as people and programs write it, and as rows keep it."""

from typing import Any

import pytest

from webapp.scans.errors import InvalidField
from webapp.scans.policy_input import read_policy
from webapp.scans.retry_on import RetryOn
from webapp.scans.retry_policy import POLICY_FIELDS, Backoff, Jitter, RetryPolicy

WHOLE = {
    "max_attempts": 7,
    "initial_interval": "2s",
    "backoff": "schedule",
    "backoff_coefficient": 1.5,
    "schedule": ["10s", "1m", 300],
    "max_interval": "5m",
    "jitter": "equal",
    "attempt_timeout": 10,
    "connect_timeout": "2s",
    "read_timeout": "5s",
    "deadline": "2h",
    "retry_on": ["not_met", "5xx"],
    "respect_retry_after": False,
    "retry_after_cap": "10m",
}


def test_every_option_is_read_and_survives_the_database() -> None:
    policy = read_policy(WHOLE)

    assert set(WHOLE) == set(POLICY_FIELDS)
    assert policy == RetryPolicy(
        max_attempts=7, initial_interval=2, backoff=Backoff.SCHEDULE, backoff_coefficient=1.5, schedule=(10, 60, 300),
        max_interval=300, jitter=Jitter.EQUAL, attempt_timeout=10, connect_timeout=2, read_timeout=5, deadline=7200,
        retry_on=RetryOn(("not_met", "5xx")), respect_retry_after=False, retry_after_cap=600,
    )  # fmt: skip
    assert RetryPolicy.from_json(policy.to_json()) == policy
    assert read_policy(policy.to_json()) == policy


def test_a_row_from_before_an_option_was_there_has_its_default() -> None:
    stored = {
        "max_attempts": 5, "initial_interval": 1.0, "backoff": "exponential", "max_interval": 60.0,
        "attempt_timeout": 30.0, "deadline": 600.0,
    }  # fmt: skip

    policy = RetryPolicy.from_json(stored)

    assert policy == RetryPolicy(
        max_attempts=5, initial_interval=1, backoff=Backoff.EXPONENTIAL, max_interval=60, deadline=600
    )
    assert RetryPolicy.from_json({**stored, "from_a_later_version": 1}) == policy


@pytest.mark.parametrize("empty", [{}, dict.fromkeys(WHOLE), dict.fromkeys(WHOLE, "")])
def test_what_is_left_out_null_or_empty_has_its_default(empty: dict[str, Any]) -> None:
    assert read_policy(empty) == RetryPolicy()


def test_who_lists_waits_or_wants_decorrelated_ones_has_chosen_how_they_grow() -> None:
    assert read_policy({"schedule": "1s, 5s"}).backoff is Backoff.SCHEDULE
    assert read_policy({"jitter": "decorrelated"}).backoff is Backoff.EXPONENTIAL


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"backoff": "schedule"}, "schedule"),
        ({"backoff": "fixed", "schedule": "1s"}, "schedule"),
        ({"backoff": "fixed", "jitter": "decorrelated"}, "jitter"),
        ({"schedule": "1s", "jitter": "decorrelated"}, "jitter"),
        ({"schedule": ["1s"] * 51}, "schedule"),
        ({"schedule": "1s, 25h"}, "schedule"),
        ({"attempt_timeout": "5s", "connect_timeout": "6s"}, "connect_timeout"),
        ({"read_timeout": "31s"}, "read_timeout"),
        ({"connect_timeout": 0}, "connect_timeout"),
        ({"backoff_coefficient": 0.5}, "backoff_coefficient"),
        ({"backoff_coefficient": "big"}, "backoff_coefficient"),
        ({"backoff_coefficient": "nan"}, "backoff_coefficient"),
        ({"backoff_coefficient": True}, "backoff_coefficient"),
        ({"max_attempts": 1001}, "max_attempts"),
        ({"max_attempts": 10**400}, "max_attempts"),
        ({"jitter": "some"}, "jitter"),
        ({"backoff": []}, None),
        ({"backoff": ["fixed"]}, "backoff"),
        ({"respect_retry_after": "maybe"}, "respect_retry_after"),
        ({"retry_after_cap": "25h"}, "retry_after_cap"),
        ({"retry_on": "success"}, "retry_on"),
        ({"retry_on": ["600"]}, "retry_on"),
        ({"retry_on": "599-500"}, "retry_on"),
        ({"retry_on": {"status": 500}}, "retry_on"),
        ({"retry_on": [f"4{n:02}" for n in range(51)]}, "retry_on"),
    ],
)
def test_what_cannot_be_meant_names_its_field_and_the_cure(given: dict[str, Any], field: str | None) -> None:
    if field is None:
        assert read_policy(given) == RetryPolicy()
        return
    with pytest.raises(InvalidField) as error:
        read_policy(given)

    assert error.value.field == field and error.value.cure


@pytest.mark.parametrize(("word", "is_true"), [("yes", True), ("NO", False), (True, True), (0, False), ("off", False)])
def test_yes_and_no(word: object, is_true: bool) -> None:
    assert read_policy({"respect_retry_after": word}).respect_retry_after is is_true
