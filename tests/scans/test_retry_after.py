"""Retry-After in all that servers write there, and with all clocks."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as some

from webapp.scans.retry_after import retry_after_seconds

AT = dt.datetime(2026, 1, 31, 8, 0, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("9" * 30, None),
        ("٣", None),
        ("Sat, 31 Jan 2026 08:00:30 GMT", 30),
        ("Saturday, 31-Jan-26 08:01:00 GMT", 60),
        ("Sat Jan 31 08:00:10 2026", 10),
        ("Sat, 31 Jan 2026 07:59:59 GMT", None),
        ("Sat, 31 Jan 2026 10:00:30 +0200", 30),
        ("Sat, 99 Jan 2026 08:00:30 GMT", None),
    ],
)
def test_a_wait_is_read_or_ignored(value: str, seconds: float | None) -> None:
    assert retry_after_seconds([("RETRY-after", value)], at=AT) == seconds


def test_a_date_is_measured_by_the_clock_of_who_wrote_it() -> None:
    headers = [("Date", "Sat, 31 Jan 2026 03:00:00 GMT"), ("Retry-After", "Sat, 31 Jan 2026 03:00:20 GMT")]

    assert retry_after_seconds(headers, at=AT) == 20


def test_without_the_header_there_is_nothing_to_wait_for() -> None:
    assert retry_after_seconds([("Date", "Sat, 31 Jan 2026 03:00:00 GMT")], at=AT) is None


@given(some.text(), some.text())
def test_no_value_breaks_it(value: str, date: str) -> None:
    seconds = retry_after_seconds([("Retry-After", value), ("Date", date)], at=AT)

    assert seconds is None or seconds > 0
