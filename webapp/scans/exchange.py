"""What passes between the fetch, which makes an HTTP exchange, and the rule, which judges it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from webapp.scans.states import ErrorCode, Outcome


class _Missing(Enum):
    MISSING = "missing"


#: Stands for "the body is no JSON", since None is JSON's own null.
MISSING: Final = _Missing.MISSING

#: The phases of an exchange in their order; each is timed in milliseconds.
PHASES: Final = ("dns", "connect", "tls", "first_byte", "body")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the target."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for the whole exchange, and within it for making each connection and for each silence of the target."""

    total: float
    connect: float | None = None
    read: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an exchange brought no whole answer; ``is_permanent`` when no retry can mend it.

    ``retry_after``: seconds before which another attempt would come to the same end.
    """

    outcome: Outcome
    code: ErrorCode
    message: str
    is_permanent: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP exchange as far as it went.

    ``url`` is where the last answer came from, after ``redirects``. ``json`` is the parsed body, or MISSING.
    ``body`` is decoded from its content encoding and cut at the cap when ``is_truncated``.
    ``phases`` holds milliseconds by name (see PHASES), summed over redirects; a phase that was not reached is absent.
    """

    url: str
    status: int | None = None
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    body: bytes = b""
    is_truncated: bool = False
    json: Any = MISSING
    redirects: tuple[str, ...] = ()
    phases: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None
