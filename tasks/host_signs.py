"""What an exchange says of a host that it asked: whether it was there, and for how long it wants to be left alone."""

import datetime as dt
from typing import Final

from tasks.host_gate import Sign
from webapp.scans.exchange import Exchange
from webapp.scans.host_limits import host_of
from webapp.scans.retry_after import retry_after_seconds
from webapp.scans.states import ErrorCode

#: The host could not be reached, or did not answer properly; what is not here says nothing of it, or well of it.
_HOST_FAILURES: Final = {
    ErrorCode.DNS_LOOKUP_FAILED,
    ErrorCode.CONNECTION_REFUSED,
    ErrorCode.CONNECTION_RESET,
    ErrorCode.SOCKET_CLOSED,
    ErrorCode.HOST_UNREACHABLE,
    ErrorCode.TIMEOUT,
    ErrorCode.SSL_CERT_EXPIRED,
    ErrorCode.SSL_ERROR,
    ErrorCode.BAD_RESPONSE,
}
_ASKS_TO_WAIT: Final = (429, 503)
#: The gateway before the host says that it could not reach it. Any other status is an answer, and a 503 or 500 is how
#: many servers say "not yet": who waits for that must not be kept from asking by having asked.
_GATEWAY_FAILURES: Final = (502, 504)


def sign_of(exchange: Exchange, host: str) -> Sign:
    """Whether the host was there; what it answered is no matter of this."""
    failure = exchange.failure
    if _is_elsewhere(exchange, host):
        return Sign.WELL
    if failure is None:
        return Sign.ILL if exchange.status in _GATEWAY_FAILURES else Sign.WELL
    return Sign.ILL if failure.code in _HOST_FAILURES and not failure.is_permanent else Sign.UNKNOWN


def pause_of(exchange: Exchange, host: str) -> float:
    """Seconds for which the host itself asks to be left alone."""
    if exchange.failure is not None or exchange.status not in _ASKS_TO_WAIT or _is_elsewhere(exchange, host):
        return 0.0
    return retry_after_seconds(exchange.headers, at=dt.datetime.now(dt.UTC)) or 0.0


def _is_elsewhere(exchange: Exchange, host: str) -> bool:
    """The host answered, with a redirect to another one."""
    return bool(exchange.redirects) and host_of(exchange.url) != host
