"""Which attempts are worth another one."""

import pytest

from webapp.scans.retry_on import RetryOn
from webapp.scans.states import ErrorCode, Outcome

HTTP, NOT_MET, NETWORK, LATE = Outcome.HTTP_ERROR, Outcome.NOT_MET, Outcome.NETWORK_ERROR, Outcome.TIMED_OUT


@pytest.mark.parametrize(
    ("words", "outcome", "status", "code", "is_covered"),
    [
        ("", HTTP, 404, ErrorCode.HTTP_STATUS, True),
        ("http_error", HTTP, 404, ErrorCode.HTTP_STATUS, True),
        ("not_met", HTTP, 503, ErrorCode.HTTP_STATUS, False),
        ("503", HTTP, 503, ErrorCode.HTTP_STATUS, True),
        ("503", HTTP, 502, ErrorCode.HTTP_STATUS, False),
        ("5xx", HTTP, 599, ErrorCode.HTTP_STATUS, True),
        ("5xx", HTTP, 499, ErrorCode.HTTP_STATUS, False),
        ("500-503", HTTP, 503, ErrorCode.HTTP_STATUS, True),
        ("500 - 503", HTTP, 504, ErrorCode.HTTP_STATUS, False),
        ("429, 5XX not_met", NOT_MET, 200, ErrorCode.NOT_YET, True),
        ("202", NOT_MET, 202, ErrorCode.NOT_YET, True),
        ("202", NOT_MET, 200, ErrorCode.NOT_YET, False),
        ("Timed_Out", LATE, None, ErrorCode.TIMEOUT, True),
        ("connection_refused", NETWORK, None, ErrorCode.CONNECTION_REFUSED, True),
        ("connection_refused", NETWORK, None, ErrorCode.CONNECTION_RESET, False),
        # Our own limits are no matter of the target.
        ("503", Outcome.REFUSED, None, ErrorCode.HOST_BUSY, True),
        ("503", Outcome.REFUSED, None, ErrorCode.REFUSED_BY_POLICY, False),
        # A body that broke off after "200 OK" is no answer with this status.
        ("200", NETWORK, 200, ErrorCode.SOCKET_CLOSED, False),
    ],
)  # fmt: skip
def test_outcomes_codes_and_statuses(
    words: str, outcome: Outcome, status: int | None, code: ErrorCode, is_covered: bool
) -> None:
    assert RetryOn.parse(words).covers(outcome, status=status, code=code) is is_covered


def test_words_are_kept_once_and_in_one_way_of_writing() -> None:
    assert RetryOn.parse(["5XX", "5xx", "NOT_MET", "timeout", 503]).words == ("5xx", "not_met", "TIMEOUT", "503")
