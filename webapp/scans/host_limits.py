"""What is allowed at each host, and what a batch may ask for itself: less than the installation allows, never more."""

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import idna

from webapp.scans.errors import InvalidField
from webapp.scans.states import HoldReason

#: The options of a batch.
HOST_FIELDS: Final = ("host_concurrency", "host_starts_per_second")
_MOST: Final = 10_000.0
#: One start an hour.
_SLOWEST: Final = 1 / 3600


@dataclass(frozen=True, slots=True)
class HostLimits:
    """Attempts at once, and starts a second, at each host; no limit where it is None or 0."""

    concurrency: int | None = None
    starts_per_second: float | None = None

    @property
    def are_set(self) -> bool:
        return bool(self.concurrency or self.starts_per_second)

    @property
    def window(self) -> tuple[int, float]:
        """So many starts in any so many seconds: half a start a second is one in two seconds. 0: no limit."""
        rate = self.starts_per_second or 0.0
        count = max(1, math.floor(rate)) if rate else 0
        return count, count / rate if rate else 0.0

    @property
    def at_once(self) -> int | None:
        """How many may start in one moment; None where that is not limited."""
        return min(filter(None, (self.concurrency, self.window[0])), default=None)


NO_LIMITS: Final = HostLimits()


@dataclass(frozen=True, slots=True)
class Shut:
    """A host is asked nothing for so many seconds."""

    seconds: float
    why: HoldReason


def host_of(url: str) -> str:
    """The one name by which a host is known, however it is written: it is asked as seldom by all of them."""
    host = (urlsplit(url).hostname or "").removesuffix(".")
    if not host.isascii():
        with contextlib.suppress(idna.IDNAError):
            host = idna.encode(host, uts46=True).decode()
    return host[:255]


def parse_host_limits(given: Mapping[str, Any], ceiling: HostLimits | None) -> HostLimits:
    """What a batch asks for, checked against what the installation allows; raises InvalidField.

    No ceiling: the installation keeps no limits at all.
    """
    if ceiling is None:
        for name in HOST_FIELDS:
            if given.get(name) not in (None, ""):
                cure = "Leave it out, or set HOST_CONCURRENCY or HOST_STARTS_PER_SECOND."
                raise InvalidField(name, "cannot be kept: all limits per host are switched off here", cure)
        return NO_LIMITS
    concurrency = _number("host_concurrency", given, least=1, most=ceiling.concurrency)
    if concurrency is not None and concurrency != int(concurrency):
        raise InvalidField("host_concurrency", f"{concurrency:g} is not a whole number", "Give a number such as 1.")
    starts = _number("host_starts_per_second", given, least=_SLOWEST, most=ceiling.starts_per_second)
    return HostLimits(None if concurrency is None else int(concurrency), starts)


def _number(name: str, given: Mapping[str, Any], *, least: float, most: float | None) -> float | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    try:
        number = float(str(value)) if not isinstance(value, bool) else float("nan")
    except ValueError:
        number = float("nan")
    if number != number:
        raise InvalidField(name, f"{str(value)[:40]!r} is not a number", "Give a number such as 1, or 0.5.")
    if most and number > most:
        problem = f"{number:g} is more than the {most:g} that this installation allows"
        raise InvalidField(name, problem, f"Give {most:g} or less, or leave it out.")
    if not least <= number <= _MOST:
        cure = "Leave it out for the installation's own limit."
        raise InvalidField(name, f"{number:g} is not between {least:.2g} and {most or _MOST:g}", cure)
    return number
