"""What kind of place an IP address is, whatever wrapper it comes in; Python's own is_global differs by version.

``tests/tasks/test_address_classes.py`` compares the table with the registries in Python's ipaddress.
"""

from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class AddressClass(StrEnum):
    """The words end the sentence "10.0.0.1 is …"."""

    PUBLIC = "a public address"
    METADATA = "a cloud's metadata address, which hands out credentials"
    LINK_LOCAL = "a link-local address"
    UNSPECIFIED = "an unspecified address, which means this machine"
    LOOPBACK = "a loopback address, which means this machine"
    PRIVATE = "a private address"
    SHARED = "an address of a carrier's or a cloud's inner network"
    TUNNEL = "an IPv4 address wrapped into IPv6"
    MULTICAST = "a multicast address"
    RESERVED = "a reserved address"


#: Where no network of SCAN_ALLOW leads, only their exact address.
NEVER_BY_NETWORK: Final = frozenset({AddressClass.METADATA, AddressClass.LINK_LOCAL, AddressClass.UNSPECIFIED})

#: The first that holds the address counts. IPv6 that is not here is public only in 2000::/3.
_TABLE: Final[tuple[tuple[AddressClass, str], ...]] = (
    (AddressClass.METADATA, "169.254.169.254/32 169.254.170.2/32 169.254.170.23/32 100.100.100.200/32"),
    (AddressClass.METADATA, "168.63.129.16/32 192.0.0.192/32"),
    (AddressClass.METADATA, "fd00:ec2::/32 fd20:ce::254/128 fd00:c1::/32 fd00:42::42/128"),
    (AddressClass.LINK_LOCAL, "169.254.0.0/16 fe80::/10"),
    (AddressClass.UNSPECIFIED, "0.0.0.0/8 ::/128"),
    (AddressClass.LOOPBACK, "127.0.0.0/8 ::1/128"),
    (AddressClass.PRIVATE, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fec0::/10"),
    (AddressClass.SHARED, "100.64.0.0/10"),
    # 6to4, Teredo, v4-compatible, SIIT, and the NAT64 prefix for local use.
    (AddressClass.TUNNEL, "2002::/16 2001::/32 ::/96 ::ffff:0:0:0/96 64:ff9b:1::/48"),
    (AddressClass.MULTICAST, "224.0.0.0/4 ff00::/8"),
    # Protocol assignments, documentation, 6to4 relays, benchmarks, the future.
    (AddressClass.RESERVED, "192.0.0.0/24 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 192.88.99.0/24 198.18.0.0/15"),
    (AddressClass.RESERVED, "240.0.0.0/4 2001::/23 2001:db8::/32 3fff::/20 100::/63 5f00::/16"),
)
_NETWORKS: Final[tuple[tuple[Network, AddressClass], ...]] = tuple(
    (ip_network(text), kind) for kind, texts in _TABLE for text in texts.split()
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
#: Routers translate what comes there: it is the IPv4 address in its last 32 bits that is reached.
_NAT64: Final = IPv6Network("64:ff9b::/96")
#: The middle of an ISATAP address; the second for an IPv4 that is unique in the world.
_ISATAP: Final = frozenset({0x5EFE, 0x0200_5EFE})


@lru_cache(maxsize=4096)
def classify(text: str) -> tuple[Address, AddressClass]:
    """The address that is really reached, and what kind of place that is. Raises ValueError for what is none."""
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return address, _listed(address) or AddressClass.PUBLIC
    inner = address.ipv4_mapped or (_low(address) if address in _NAT64 else None)
    if inner is not None:
        return classify(str(inner))
    return address, _classify_v6(address)


def _classify_v6(address: IPv6Address) -> AddressClass:
    kind = _listed(address)
    if kind is None:
        kind = AddressClass.PUBLIC if address in _GLOBAL_UNICAST else AddressClass.RESERVED
    if kind is AddressClass.PUBLIC and _is_isatap(address) and _listed(_low(address)) is not None:
        kind = AddressClass.TUNNEL
    if kind is AddressClass.TUNNEL:
        inner = (_listed(address) for address in _wrapped(address))
        return next((found for found in inner if found in NEVER_BY_NETWORK), kind)
    return kind


def _listed(address: Address) -> AddressClass | None:
    return next((kind for network, kind in _NETWORKS if address in network), None)


def _low(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF)


def _is_isatap(address: IPv6Address) -> bool:
    return (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP


def _wrapped(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The addresses to which the wrapping is taken off on the way."""
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return address.teredo or (_low(address),)
