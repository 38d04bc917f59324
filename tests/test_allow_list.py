"""What SCAN_ALLOW takes, and what it says about the rest."""

from ipaddress import ip_address

import pytest

from webapp.allow_list import AllowRule, parse_allow_list


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3/32:80", "10.1.2.3:80"),
        ("10.0.0.0/8:8080", "10.0.0.0/8:8080"),
        ("fd00::/8", "[fd00::/8]"),
        ("::1", "[::1]"),
        ("[::1]:8080", "[::1]:8080"),
        ("[fd00::/8]:80", "[fd00::/8]:80"),
        ("Intranet.Example", "intranet.example"),
        ("my_service:8080", "my_service:8080"),
        ("*.svc.local", "*.svc.local"),
        ("*.svc.local:443", "*.svc.local:443"),
        ("localhost", "localhost"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_an_entry_means_itself_and_is_written_so_that_it_can_be_read_again(text: str, means: str) -> None:
    rule = AllowRule.parse(text)

    assert str(rule) == means
    assert AllowRule.parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10.1.2.3/8", "write 10.0.0.0/8, or 10.1.2.3 for the one address"),
        ("10.0.0.0/33", "is no network"),
        ("intranet/8", "is no network"),
        ("*", "is no address"),
        ("*.", "is no address"),
        ("a.*.example", "is no address"),
        ("http://intranet.example", "a port that is none"),
        ("intranet.example/path", "is no network"),
        ("2130706433", "is no address"),
        ("127.1", "is no address"),
        ("0x7f.1", "is no address"),
        ("user@host", "is no address"),
        ("host:0", "a port that is none"),
        ("host:65536", "a port that is none"),
        ("host:http", "a port that is none"),
        ("host:", "a port that is none"),
        ("[::1", "is no address"),
        ("[::1]x", "is no address"),
        ("::ffff:10.0.0.1", "write 10.0.0.1"),
        ("a..b", "is no address"),
    ],
)
def test_an_entry_that_cannot_be_meant_is_told_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_allow_list(f"10.0.0.0/8,{text}")

    assert why in str(caught.value) and "10.0.0.0/8'" not in str(caught.value)


def test_entries_stand_between_commas_blanks_and_lines() -> None:
    assert [str(rule) for rule in parse_allow_list(" a.example, 10.0.0.0/8\n::1,,")] == [
        "a.example",
        "10.0.0.0/8",
        "[::1]",
    ]


def test_a_suffix_is_not_the_name_itself_and_not_a_longer_word() -> None:
    rule = AllowRule.parse("*.svc.local")

    assert rule.has_name("a.svc.local") and rule.has_name("a.b.svc.local")
    assert not any(map(rule.has_name, ("svc.local", "evilsvc.local", "svc.local.evil.example", "")))


def test_a_name_says_nothing_of_addresses_nor_an_address_of_names() -> None:
    assert not AllowRule.parse("intranet.example").has_address(ip_address("10.0.0.1"))
    assert not AllowRule.parse("10.0.0.1").has_name("10.0.0.1")
