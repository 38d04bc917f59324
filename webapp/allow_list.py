"""What SCAN_ALLOW may say: the places that scans may reach although they are not public."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

_HOST: Final = re.compile(r"(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)*(?!\d+$)[a-z0-9_-]{1,63}", re.IGNORECASE)
#: An entry and its port; an IPv6 address needs brackets to have one.
_ENTRY: Final = re.compile(
    r"(?P<bracketed>\[[^\[\]]*\])(?::(?P<port6>[^:]*))?|(?P<plain>[^:\[\]]+)(?::(?P<port>[^:]*))?"
)


@dataclass(frozen=True, slots=True)
class AllowRule:
    """One entry: a network (an address is the smallest) or the name of a host, at one port or at any.

    A name that begins with a dot stands for all names that end so. ``port`` is None for any port but those of
    databases and their like, which must be named.
    """

    network: IPv4Network | IPv6Network | None
    name: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, which says what is wrong."""
        place, port = _split(text)
        if network := _network(place):
            return cls(network, "", port)
        if not _HOST.fullmatch(place):
            raise ValueError(f"{text!r} is no address, network, host name or *.suffix")
        return cls(None, place.lower().removeprefix("*"), port)

    @property
    def is_one_address(self) -> bool:
        return self.network is not None and self.network.num_addresses == 1

    def has_name(self, name: str) -> bool:
        return self.network is None and (name.endswith(self.name) if self.name.startswith(".") else name == self.name)

    def has_address(self, address: IPv4Address | IPv6Address) -> bool:
        return self.network is not None and address in self.network

    def __str__(self) -> str:
        place = f"*{self.name}" if self.name.startswith(".") else self.name
        if self.network is not None:
            text = str(self.network.network_address) if self.is_one_address else str(self.network)
            place = f"[{text}]" if self.network.version == 6 else text
        return place if self.port is None else f"{place}:{self.port}"


def parse_allow_list(text: str) -> tuple[AllowRule, ...]:
    """Entries between commas or blanks; raises ValueError, which says what is wrong with the first bad one."""
    return tuple(AllowRule.parse(entry) for entry in text.replace(",", " ").split())


def _split(text: str) -> tuple[str, int | None]:
    parts = _ENTRY.fullmatch(text)
    if parts is None:  # IPv6 without brackets, and so without a port
        return text, None
    given = parts["port6"] if parts["bracketed"] else parts["port"]
    place = parts["bracketed"][1:-1] if parts["bracketed"] else parts["plain"]
    if given is None:
        return place, None
    if not (given.isascii() and given.isdecimal() and 1 <= int(given) <= 65535):
        raise ValueError(f"{text!r} has a port that is none; a port is 1 to 65535")
    return place, int(given)


def _network(place: str) -> IPv4Network | IPv6Network | None:
    try:
        network = ip_network(place)
    except ValueError:
        _complain_of_host_bits(place)
        return None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None:
        raise ValueError(f"{place!r} is IPv4 in IPv6's clothes; write {mapped}")
    return network


def _complain_of_host_bits(place: str) -> None:
    """10.1.2.3/8 may mean the address or the network: whoever opens a network must say which."""
    address, slash, _ = place.partition("/")
    if not slash:
        return
    try:
        ip_address(address)
        meant = ip_network(place, strict=False)
    except ValueError:
        raise ValueError(f"{place!r} is no network; one is written as in 10.0.0.0/8") from None
    raise ValueError(f"{place!r} is no network: write {meant}, or {address} for the one address")
