"""What a batch may ask for itself at each host."""

from typing import Any

import pytest

from webapp.scans.errors import InvalidField
from webapp.scans.host_limits import HOST_FIELDS, NO_LIMITS, HostLimits, host_of, parse_host_limits

CEILING = HostLimits(2, 1.0)


@pytest.mark.parametrize(
    ("concurrency", "starts", "limits"),
    [
        (None, None, NO_LIMITS),
        ("", "", NO_LIMITS),
        (1, 0.5, HostLimits(1, 0.5)),
        ("2", "1", HostLimits(2, 1.0)),
        (None, "0.1", HostLimits(None, 0.1)),
    ],
)
def test_a_batch_may_ask_for_less(concurrency: Any, starts: Any, limits: HostLimits) -> None:
    given = dict(zip(HOST_FIELDS, (concurrency, starts), strict=True))

    assert parse_host_limits(given, CEILING) == limits


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("host_concurrency", 3, "more than the 2"),
        ("host_concurrency", 1.5, "not a whole number"),
        ("host_concurrency", 0, "not between"),
        ("host_concurrency", "many", "not a number"),
        ("host_concurrency", True, "not a number"),
        ("host_starts_per_second", "1.5", "more than the 1"),
        ("host_starts_per_second", -1, "not between"),
        ("host_starts_per_second", "nan", "not a number"),
        ("host_starts_per_second", "inf", "more than the 1"),
    ],
)
def test_what_cannot_be_meant_names_the_field_and_the_cure(field: str, value: Any, problem: str) -> None:
    with pytest.raises(InvalidField) as raised:
        parse_host_limits({field: value}, CEILING)

    assert raised.value.field == field and problem in raised.value.problem and raised.value.cure


def test_where_nothing_is_limited_any_limit_is_less() -> None:
    assert parse_host_limits({"host_concurrency": 50}, HostLimits(0, 0.0)) == HostLimits(50)


def test_where_no_limits_are_kept_none_is_taken() -> None:
    assert parse_host_limits({"host_concurrency": ""}, None) == NO_LIMITS
    with pytest.raises(InvalidField, match="switched off"):
        parse_host_limits({"host_concurrency": 1}, None)


@pytest.mark.parametrize(
    ("limits", "at_once"),
    [(NO_LIMITS, None), (HostLimits(3), 3), (HostLimits(0, 2.5), 2), (HostLimits(4, 0.2), 1)],
)
def test_so_many_may_start_in_one_moment(limits: HostLimits, at_once: int | None) -> None:
    assert limits.at_once == at_once


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Target.Example:8443/a", "target.example"),
        ("http://target.example./b", "target.example"),
        ("https://b\u00fccher.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("http://[::1]:8000/", "::1"),
    ],
)
def test_a_host_has_one_name_however_it_is_written(url: str, host: str) -> None:
    assert host_of(url) == host
