"""The words for where a scan and an attempt stand."""

from enum import StrEnum


class State(StrEnum):
    """Where a scan stands; it ends in exactly one of the terminal states."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXHAUSTED = "exhausted"
    TIMED_OUT = "timed_out"
    ABANDONED = "abandoned"
    CANCELED = "canceled"

    @property
    def is_terminal(self) -> bool:
        return self not in ACTIVE_STATES


#: States that a scan may leave.
ACTIVE_STATES = frozenset({State.QUEUED, State.RUNNING, State.WAITING})
#: Active states in which no worker holds the scan.
IDLE_STATES = frozenset({State.QUEUED, State.WAITING})


class Outcome(StrEnum):
    """How one attempt ended."""

    SUCCEEDED = "succeeded"
    NOT_MET = "not_met"
    FAILED = "failed"
    HTTP_ERROR = "http_error"
    NETWORK_ERROR = "network_error"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    CANCELED = "canceled"


class Trigger(StrEnum):
    """Why an attempt was made."""

    INITIAL = "initial"
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    BULK_RETRY = "bulk_retry"
    REDELIVERED = "redelivered"


class HoldReason(StrEnum):
    """Why a host is asked nothing for a while."""

    #: It asked for that itself.
    ASKED = "asked"
    #: It failed too often in a row.
    BREAKER = "breaker"


class ErrorCode(StrEnum):
    """What went wrong in an attempt, as a stable word for programs."""

    INVALID_URL = "INVALID_URL"
    INVALID_REQUEST = "INVALID_REQUEST"
    REFUSED_BY_POLICY = "REFUSED_BY_POLICY"
    HOST_BUSY = "HOST_BUSY"
    DNS_LOOKUP_FAILED = "DNS_LOOKUP_FAILED"
    CONNECTION_REFUSED = "CONNECTION_REFUSED"
    CONNECTION_RESET = "CONNECTION_RESET"
    SOCKET_CLOSED = "SOCKET_CLOSED"
    HOST_UNREACHABLE = "HOST_UNREACHABLE"
    TIMEOUT = "TIMEOUT"
    TOO_MANY_REDIRECTS = "TOO_MANY_REDIRECTS"
    SSL_WRONG_HOST = "SSL_WRONG_HOST"
    SSL_CERT_EXPIRED = "SSL_CERT_EXPIRED"
    SELF_SIGNED_CERT = "SELF_SIGNED_CERT"
    SSL_ERROR = "SSL_ERROR"
    BAD_RESPONSE = "BAD_RESPONSE"
    HTTP_STATUS = "HTTP_STATUS"
    NOT_YET = "NOT_YET"
    FAIL_WHEN = "FAIL_WHEN"
    WORKER_LOST = "WORKER_LOST"
    UNKNOWN = "UNKNOWN"
