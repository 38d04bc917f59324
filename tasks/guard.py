"""Decides which addresses a scan may reach: the public ones, and what SCAN_ALLOW and the profile add to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from tasks.address_classes import NEVER_BY_NETWORK, Address, AddressClass, classify
from tasks.failures import FetchFailed
from webapp.allow_list import AllowRule
from webapp.reach import Profile, Reach
from webapp.scans.exchange import Failure
from webapp.scans.states import ErrorCode, Outcome

#: Classes that the name of a host may open: a name must not lead a network's owner where they did not look.
_BY_NAME: Final = frozenset({AddressClass.LOOPBACK, AddressClass.PRIVATE})
#: Where something listens that takes an HTTP request for commands, or does more than answer: the "bad ports" of the
#: WHATWG's Fetch standard; then databases, queues, and what rules containers.
BARRED_PORTS: Final = frozenset(
    (
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109),
        *(110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530),
        *(531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045),
        *(4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
        *(445, 873, 1433, 1521, 1883, 2181, 2375, 2376, 2377, 2379, 2380, 3306, 3389, 4222, 5432, 5671, 5672, 5900),
        *(6379, 6380, 6432, 8883, 9042, 9092, 9160, 9300, 10250, 11211, 26379, 27017, 27018, 27019),
    )
)


@dataclass(frozen=True, slots=True)
class _Target:
    """One address of a host: ``reached`` is what it comes to without its wrapping."""

    host: str
    reached: Address
    kind: AddressClass
    port: int

    @classmethod
    def of(cls, host: str, address: str, port: int) -> Self:
        return cls(host.lower().strip("[]").removesuffix("."), *classify(address), port)

    @property
    def is_literal(self) -> bool:
        return self.host.replace(".", "").isdecimal() or ":" in self.host

    @property
    def is_plainly_local(self) -> bool:
        """Whether who typed it knew that it is here."""
        if self.host == "localhost":
            return self.kind is AddressClass.LOOPBACK
        return self.is_literal and self.kind in _BY_NAME

    @property
    def setting(self) -> str:
        """What SCAN_ALLOW lacks."""
        is_named = not self.is_literal and self.kind in (AddressClass.PUBLIC, *_BY_NAME)
        place = self.host if is_named else f"[{self.reached}]" if self.reached.version == 6 else str(self.reached)
        return f"{place}:{self.port}" if self.port in BARRED_PORTS else place


@dataclass(frozen=True, slots=True)
class Guard:
    """What may be reached; in the local profile that is also what is plainly here, where a person typed it."""

    reach: Reach = Reach()

    def admit(self, host: str, addresses: Iterable[tuple[Any, ...]], *, is_typed: bool) -> None:
        """Judge all addresses that a host has; raises FetchFailed when one of them must not be reached.

        All, because the next lookup may give another one first. ``is_typed`` says that a person named the host, and
        not a server that redirects.
        """
        for address, port, *_ in addresses:
            target = _Target.of(host, address, port)
            if any(_blocks(rule, target) for rule in self.reach.block):
                raise _refusal(f"{target.host} is to be left alone: it is in BLOCK_HOSTS. Nothing was sent.")
            if problem := self._problem(target, is_typed=is_typed):
                raise _refused(problem, target, is_typed=is_typed)

    def _problem(self, target: _Target, *, is_typed: bool) -> str | None:
        is_open = target.kind is AddressClass.PUBLIC or any(_opens(rule, target) for rule in self.reach.allow)
        is_at_home = self.reach.profile is Profile.LOCAL and is_typed and target.is_plainly_local
        if not (is_open or is_at_home):
            link = "is" if target.is_literal else f"leads to {target.reached},"
            return f"{target.host} {link} {target.kind.value}, where scans may not go"
        if target.port in BARRED_PORTS and not any(_names_port(rule, target) for rule in self.reach.allow):
            return f"Port {target.port} of {target.host} is not one for HTTP, and what listens there could obey"
        return None


def _opens(rule: AllowRule, target: _Target) -> bool:
    if rule.port not in (None, target.port):
        return False
    if rule.has_address(target.reached):
        return rule.is_one_address or target.kind not in NEVER_BY_NETWORK
    return rule.has_name(target.host) and target.kind in _BY_NAME


def _blocks(rule: AllowRule, target: _Target) -> bool:
    return rule.port in (None, target.port) and (rule.has_address(target.reached) or rule.has_name(target.host))


def _names_port(rule: AllowRule, target: _Target) -> bool:
    return rule.port == target.port and (rule.has_address(target.reached) or rule.has_name(target.host))


def _refused(problem: str, target: _Target, *, is_typed: bool) -> FetchFailed:
    lead = "" if is_typed else "The server redirects to where it must not: "
    cure = f"Whoever runs this Tilldone can allow it by adding {target.setting} to SCAN_ALLOW."
    if target.kind is AddressClass.METADATA:
        cure = f"It should stay so; only {target.setting} in SCAN_ALLOW would change it."
    return _refusal(f"{lead}{problem}. Nothing was sent. {cure}")


def _refusal(words: str) -> FetchFailed:
    return FetchFailed(Failure(Outcome.REFUSED, ErrorCode.REFUSED_BY_POLICY, words, is_permanent=True))
