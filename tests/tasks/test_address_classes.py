"""Every kind of address, in every wrapper; and our table beside the registries that Python carries."""

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.address_classes import NEVER_BY_NETWORK, Address, AddressClass, classify

KINDS = {
    AddressClass.METADATA: "169.254.169.254 169.254.170.2 169.254.170.23 100.100.100.200 168.63.129.16 192.0.0.192 "
    "fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:c1::a9fe:a9fe fd00:42::42",
    AddressClass.LINK_LOCAL: "169.254.0.0 169.254.255.255 fe80:: fe80::1 fe80::1%1 febf:ffff:ffff:ffff::1",
    AddressClass.UNSPECIFIED: "0.0.0.0 0.0.0.1 0.255.255.255 ::",
    AddressClass.LOOPBACK: "127.0.0.0 127.0.0.1 127.1.2.3 127.255.255.255 ::1",
    AddressClass.PRIVATE: "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 "
    "fc00:: fdff:ffff::1 fd12:3456:789a::1 fec0::1 feff:ffff::1",
    AddressClass.SHARED: "100.64.0.0 100.127.255.255 100.100.100.201",
    AddressClass.MULTICAST: "224.0.0.0 224.0.0.251 239.255.255.255 ff02::1 ff0e::1 ffff::1",
    AddressClass.RESERVED: "192.0.0.0 192.0.0.8 192.0.0.170 192.0.0.255 192.0.2.1 198.51.100.255 203.0.113.7 "
    "192.88.99.1 198.18.0.0 198.19.255.255 240.0.0.0 255.255.255.255 2001:2::1 2001:10::1 2001:1ff:ffff::1 "
    "2001:db8::1 3fff::1 3fff:fff:ffff::1 100::1 100:0:0:1::1 5f00::1 4000::1 fe00::1 8000::1 200::1 1fff::1",
    AddressClass.TUNNEL: "2002:808:808::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 ::8.8.8.8 ::10.0.0.1 "
    "::ffff:0:8.8.8.8 64:ff9b:1::808:808 2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:127.0.0.1",
    AddressClass.PUBLIC: "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 "
    "168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 "
    "192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2001:200::1 2001:4860:4860::8888 "
    "2606:4700::1111 2a00:1450::1 2620:fe::fe 3ffe::1 2003::1 2606:4700::5efe:8.8.8.8",
}
CASES = [(address, kind) for kind, addresses in KINDS.items() for address in addresses.split()]
V4_CASES = [case for case in CASES if ":" not in case[0]]


@pytest.mark.parametrize(("address", "kind"), CASES)
def test_an_address_is_known_for_what_it_is(address: str, kind: AddressClass) -> None:
    assert classify(address)[1] is kind


@pytest.mark.parametrize("wrapper", ["::ffff:{}", "64:ff9b::{}"])
@pytest.mark.parametrize(("address", "kind"), V4_CASES)
def test_a_wrapper_that_is_taken_off_on_the_way_changes_nothing(address: str, kind: AddressClass, wrapper: str) -> None:
    assert classify(wrapper.format(address)) == (IPv4Address(address), kind)


@pytest.mark.parametrize("never", ["169.254.169.254", "168.63.129.16", "100.100.100.200", "169.254.1.1", "0.0.0.0"])
def test_no_tunnel_hides_what_no_network_may_open(never: str) -> None:
    number = int(IPv4Address(never))
    wrapped = [
        IPv6Address(0x2002 << 112 | number << 80 | 1),
        IPv6Address(0x2001 << 112 | number << 64),
        IPv6Address(0x2001 << 112 | int(IPv4Address("8.8.8.8")) << 64 | number ^ 0xFFFF_FFFF),
        IPv6Address(0xFFFF << 48 | number),
        IPv6Address(0x0064_FF9B_0001 << 80 | number),
        IPv6Address(0x2606_4700 << 96 | 0x5EFE << 32 | number),
        *([IPv6Address(number)] if number > 1 else []),
    ]

    assert {classify(str(address))[1] for address in wrapped} <= NEVER_BY_NETWORK


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "1.2.3.4.5", "0177.0.0.1", "127.1", "::g", "1.2.3.4/32"])
def test_what_is_no_address_is_never_taken_for_a_public_one(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        classify(text)


#: Where we refuse more than the registries ask for; whoever edits the table must give a reason here.
STRICTER = {
    "168.63.129.16/32": "Azure's WireServer, in public space",
    "192.88.99.0/24": "6to4 relays: deprecated, and nobody's web server",
    "192.0.0.9/32": "anycast for protocols, inside the protocol assignments",
    "192.0.0.10/32": "anycast for protocols, inside the protocol assignments",
    "2001::/23": "protocols, not hosts; some are global",
    "2002::/16": "6to4 wraps IPv4",
}
_PRIVATE = (*ipaddress._IPv4Constants._private_networks, *ipaddress._IPv6Constants._private_networks)  # type: ignore[attr-defined]
#: Judged by the IPv4 address inside, not by the registry's word on the wrapper.
_UNWRAPPED = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))


@pytest.mark.parametrize("network", _PRIVATE, ids=str)
def test_whatever_the_registries_call_private_is_not_public_here(network: IPv4Network | IPv6Network) -> None:
    if network not in _UNWRAPPED:
        assert all(classify(str(address))[1] is not AddressClass.PUBLIC for address in _samples(network))


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(2**125, 2**126 - 1).map(IPv6Address))
def test_what_we_call_public_is_global_and_the_other_way_round_but_for_named_reasons(address: Address) -> None:
    is_stricter = any(address in ipaddress.ip_network(network) for network in STRICTER)
    is_isatap = address.version == 6 and int(address) >> 32 & 0xFDFF_FFFF == 0x5EFE

    is_public = classify(str(address))[1] is AddressClass.PUBLIC

    if is_public:
        assert address.is_global and not address.is_multicast
    elif not (is_stricter or is_isatap or address.is_multicast or address in IPv6Network("3fff::/20")):
        assert not address.is_global


@pytest.mark.parametrize("network", STRICTER)
def test_the_reasons_to_be_stricter_are_still_needed(network: str) -> None:
    assert all(
        classify(str(address))[1] is not AddressClass.PUBLIC for address in _samples(ipaddress.ip_network(network))
    )


def _samples(network: IPv4Network | IPv6Network) -> list[Address]:
    last = network.num_addresses - 1
    return [network[number] for number in sorted({0, min(1, last), last // 2, last})]
