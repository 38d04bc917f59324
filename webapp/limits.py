"""What the environment says of how much may be asked of this server, so that nobody takes it all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Self

_Integer = Callable[[Mapping[str, str], str, int, int, int], int]
_MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """0 is no limit, but for the sizes."""

    #: Scans of one submit.
    batch: int = 50_000
    #: Scans that have not ended, of everybody together.
    active: int = 500_000
    #: Of each person or token.
    submits_per_minute: int = 60
    calls_per_minute: int = 1200
    #: Of one request, and of one form's fields.
    request_bytes: int = 32 * _MEBIBYTE
    form_parts: int = 100
    #: Of all answers that are kept; 0: no limit.
    stored_bytes: int = 0

    @classmethod
    def from_env(cls, env: Mapping[str, str], integer: _Integer) -> Self:
        return cls(
            batch=integer(env, "MAX_BATCH", 50_000, 1, 1_000_000),
            active=integer(env, "MAX_ACTIVE", 500_000, 0, 1_000_000_000),
            submits_per_minute=integer(env, "SUBMITS_PER_MINUTE", 60, 0, 1_000_000),
            calls_per_minute=integer(env, "CALLS_PER_MINUTE", 1200, 0, 1_000_000),
            stored_bytes=integer(env, "MAX_STORED_MB", 1024, 0, 1_000_000_000) * _MEBIBYTE,
            request_bytes=integer(env, "MAX_REQUEST_MB", 32, 1, 1024) * _MEBIBYTE,
        )
