"""A database that is away for a moment costs nobody the work in hand."""

import pytest
from sqlalchemy.exc import DataError, OperationalError

from tasks.database_away import patiently

AWAY = OperationalError("UPDATE", {}, Exception("the database system is starting up"))


class Flaky:
    """Fails as told, then returns."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "stored"


def test_what_failed_because_the_database_is_away_is_done_again() -> None:
    assert patiently(Flaky(AWAY, AWAY)) == "stored"


def test_patience_has_an_end() -> None:
    with pytest.raises(OperationalError):
        patiently(Flaky(AWAY), patience=0.05)


def test_an_error_that_would_come_again_is_not_waited_for() -> None:
    with pytest.raises(DataError):
        patiently(Flaky(DataError("INSERT", {}, Exception("invalid byte sequence"))))
