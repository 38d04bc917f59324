"""Times as people write them, and as they are written back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.scans.durations import format_duration, parse_duration, parse_durations, write_duration
from webapp.scans.errors import InvalidField


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (0, 0), (15, 15), (0.5, 0.5), ("15", 15), ("2.5", 2.5), ("500ms", 0.5), ("30s", 30), ("30 s", 30),
        ("5m", 300), ("2h", 7200), ("1d", 86400), ("1h30m", 5400), ("1h 30m", 5400), (" 5M ", 300), ("1.5h", 5400),
    ],
)  # fmt: skip
def test_each_unit_is_understood(written: object, seconds: float) -> None:
    assert parse_duration(written, field="deadline") == seconds


@pytest.mark.parametrize(
    "written",
    ["", "soon", "-5s", "5 minutes", "1h30", "5m5", "s", "1e3", "٣s", True, None, [], -1, float("nan"), float("inf"),
     10**400, "9" * 400, "1s" * 99],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_the_way_to_write_one(written: object) -> None:
    with pytest.raises(InvalidField) as error:
        parse_duration(written, field="deadline")

    assert error.value.field == "deadline" and "30s, 5m, 2h" in error.value.cure
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("written", "waits"),
    [
        ("10s, 1m, 5m", (10, 60, 300)),
        ("10s 1m 5m", (10, 60, 300)),
        ("10s\n1m 30s\n", (10, 90)),
        ([1, "2s", 0.5], (1, 2, 0.5)),
        ("7", (7,)),
        (7, (7,)),
    ],
)
def test_a_list_of_waits(written: object, waits: tuple[float, ...]) -> None:
    assert parse_durations(written, field="schedule", most=5) == waits


@pytest.mark.parametrize("written", [[], ",", "1 2 3 4 5 6", ["1s", None], [["1s"]]])
def test_a_list_that_cannot_be_meant(written: object) -> None:
    with pytest.raises(InvalidField):
        parse_durations(written, field="schedule", most=5)


@given(st.integers(0, 30 * 86400 * 1000))
def test_what_is_written_into_a_field_is_read_back_whole(milliseconds: int) -> None:
    assert parse_duration(write_duration(milliseconds / 1000), field="x") == pytest.approx(milliseconds / 1000)


def test_the_words_for_people_are_short() -> None:
    assert [format_duration(seconds) for seconds in (0, 0.25, 15, 90, 3600, 90061)] == [
        "0s", "250ms", "15s", "1m 30s", "1h", "1d 1h",
    ]  # fmt: skip
