"""Where scans may go: each refusal names the kind of address and the setting that would allow it."""

import socket
from typing import Any

import pytest

from tasks.failures import FetchFailed
from tasks.fetch import fetch
from tasks.guard import BARRED_PORTS, Guard
from webapp.allow_list import parse_allow_list
from webapp.reach import Profile, Reach
from webapp.scans.exchange import Exchange, Request
from webapp.scans.states import ErrorCode, Outcome


def a_guard(allow: str = "", profile: Profile = Profile.PUBLIC) -> Guard:
    return Guard(Reach(profile=profile, allow=parse_allow_list(allow)))


def refusal(guard: Guard, host: str, *addresses: str, port: int = 80, is_typed: bool = True) -> str | None:
    """What the guard says of a host that has these addresses; itself if none are given. None if it may be asked."""
    found = [(address, port) for address in addresses or (host,)]
    try:
        guard.admit(host, found, is_typed=is_typed)
    except FetchFailed as error:
        assert error.failure.outcome is Outcome.REFUSED and error.failure.code is ErrorCode.REFUSED_BY_POLICY
        assert error.failure.is_permanent
        return error.failure.message
    return None


@pytest.mark.parametrize(
    ("host", "addresses", "says"),
    [
        ("10.1.2.3", (), "10.1.2.3 is a private address, where scans may not go. Nothing was sent. "
         "Whoever runs this Tilldone can allow it by adding 10.1.2.3 to SCAN_ALLOW."),
        ("::1", (), "::1 is a loopback address, which means this machine, where scans may not go. Nothing was sent. "
         "Whoever runs this Tilldone can allow it by adding [::1] to SCAN_ALLOW."),
        ("Intranet.Example.", ("10.1.2.3",), "intranet.example leads to 10.1.2.3, a private address, where scans may "
         "not go. Nothing was sent. Whoever runs this Tilldone can allow it by adding intranet.example to SCAN_ALLOW."),
        ("cgnat.example", ("100.64.0.1",), "cgnat.example leads to 100.64.0.1, an address of a carrier's or a cloud's "
         "inner network, where scans may not go. Nothing was sent. Whoever runs this Tilldone can allow it by adding "
         "100.64.0.1 to SCAN_ALLOW."),
        ("169.254.169.254", (), "169.254.169.254 is a cloud's metadata address, which hands out credentials, where "
         "scans may not go. Nothing was sent. It should stay so; only 169.254.169.254 in SCAN_ALLOW would change it."),
    ],
)  # fmt: skip
def test_a_refusal_names_the_kind_of_address_and_the_setting(host: str, addresses: tuple[str, ...], says: str) -> None:
    assert refusal(a_guard(), host, *addresses) == says


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(
    ("host", "addresses", "port"),
    [
        ("10.1.2.3", (), 80),
        ("10.1.2.3", (), 6379),
        ("intranet.example", ("192.168.0.1",), 80),
        ("intranet.example", ("8.8.8.8", "192.168.0.1"), 80),
        ("cgnat.example", ("100.64.0.1",), 80),
        ("169.254.169.254", (), 80),
        ("metadata.example", ("fd00:ec2::254",), 80),
        ("tunnel.example", ("2002:a00:1::1",), 80),
        ("mail.example", ("8.8.8.8",), 25),
        ("::ffff:10.0.0.1", (), 80),
        ("fe80::1", ("fe80::1",), 80),
        ("0.0.0.0", (), 80),
    ],
)
def test_what_a_refusal_asks_for_is_what_it_takes(
    host: str, addresses: tuple[str, ...], port: int, profile: Profile
) -> None:
    said = refusal(a_guard(profile=profile), host, *addresses, port=port, is_typed=False)

    assert said is not None and said.startswith("The server redirects")
    setting = said.replace("only ", "by adding ").replace(" in SCAN_ALLOW", " to SCAN_ALLOW")
    setting = setting.split("by adding ")[1].split(" to SCAN_ALLOW")[0]
    assert refusal(a_guard(setting), host, *addresses, port=port, is_typed=False) is None


@pytest.mark.parametrize(
    ("allow", "host", "address", "port", "may"),
    [
        ("10.0.0.0/8", "10.1.2.3", "10.1.2.3", 80, True),
        ("10.0.0.0/8", "any.example", "10.1.2.3", 80, True),
        ("10.0.0.0/8", "10.1.2.3", "::ffff:10.1.2.3", 80, True),
        ("10.0.0.0/8", "x.example", "64:ff9b::a01:203", 80, True),
        ("10.0.0.0/8", "11.1.2.3", "192.168.0.1", 80, False),
        ("10.0.0.0/8:8080", "10.1.2.3", "10.1.2.3", 8080, True),
        ("10.0.0.0/8:8080", "10.1.2.3", "10.1.2.3", 80, False),
        ("10.0.0.0/8", "10.1.2.3", "10.1.2.3", 6379, False),
        ("10.0.0.0/8:6379", "10.1.2.3", "10.1.2.3", 6379, True),
        ("intranet.example", "intranet.example", "10.1.2.3", 80, True),
        ("intranet.example", "INTRANET.example.", "127.0.0.1", 80, True),
        ("intranet.example", "intranet.example", "fd12::1", 80, True),
        ("intranet.example", "other.example", "10.1.2.3", 80, False),
        ("intranet.example", "a.intranet.example", "10.1.2.3", 80, False),
        ("intranet.example", "intranet.example", "10.1.2.3", 6379, False),
        ("intranet.example:6379", "intranet.example", "10.1.2.3", 6379, True),
        ("intranet.example:6379", "intranet.example", "10.1.2.3", 80, False),
        ("intranet.example", "intranet.example", "169.254.169.254", 80, False),
        ("intranet.example", "intranet.example", "100.64.0.1", 80, False),
        ("intranet.example", "intranet.example", "224.0.0.1", 80, False),
        ("intranet.example", "intranet.example", "0.0.0.0", 80, False),
        ("*.svc.local", "a.svc.local", "10.1.2.3", 80, True),
        ("*.svc.local", "svc.local", "10.1.2.3", 80, False),
        ("*.svc.local", "evilsvc.local", "10.1.2.3", 80, False),
        ("mail.example:25", "mail.example", "8.8.8.8", 25, True),
        ("mail.example", "mail.example", "8.8.8.8", 25, False),
        ("mail.example:25", "other.example", "8.8.8.8", 25, False),
        ("8.8.8.8:25", "mail.example", "8.8.8.8", 25, True),
        ("100.64.0.0/10", "x.example", "100.64.0.1", 80, True),
        ("2002::/16", "x.example", "2002:808:808::1", 80, True),
        # No network leads to where credentials are, in any wrapper: only the very address does.
        ("0.0.0.0/0", "169.254.169.254", "169.254.169.254", 80, False),
        ("0.0.0.0/0,::/0", "x.example", "::ffff:169.254.169.254", 80, False),
        ("0.0.0.0/0,::/0", "x.example", "64:ff9b::a9fe:a9fe", 80, False),
        ("0.0.0.0/0,::/0", "x.example", "2002:a9fe:a9fe::1", 80, False),
        ("::/0", "x.example", "fd00:ec2::254", 80, False),
        ("fd00::/8", "x.example", "fd20:ce::254", 80, False),
        ("168.63.129.0/24", "x.example", "168.63.129.16", 80, False),
        ("100.64.0.0/10", "x.example", "100.100.100.200", 80, False),
        ("192.0.0.0/24", "x.example", "192.0.0.192", 80, False),
        ("169.254.0.0/16", "x.example", "169.254.1.1", 80, False),
        ("fe80::/10", "x.example", "fe80::1", 80, False),
        ("169.254.169.254", "x.example", "169.254.169.254", 80, True),
        ("169.254.169.254", "x.example", "::ffff:169.254.169.254", 80, True),
        ("169.254.169.254", "x.example", "2002:a9fe:a9fe::1", 80, False),
        ("fd00:ec2::254", "x.example", "fd00:ec2::254", 80, True),
    ],
)  # fmt: skip
def test_an_entry_opens_what_it_names_and_no_more(allow: str, host: str, address: str, port: int, may: bool) -> None:
    assert (refusal(a_guard(allow), host, address, port=port) is None) is may
    assert (refusal(a_guard(allow), host, address, port=port, is_typed=False) is None) is may


@pytest.mark.parametrize(
    ("host", "address", "port", "typed", "led"),
    [
        ("127.0.0.1", "127.0.0.1", 8000, True, False),
        ("127.9.9.9", "127.9.9.9", 8000, True, False),
        ("::1", "::1", 8000, True, False),
        ("[::1]", "::1", 8000, True, False),
        ("localhost", "127.0.0.1", 8000, True, False),
        ("localhost.", "::1", 8000, True, False),
        ("192.168.1.20", "192.168.1.20", 80, True, False),
        ("10.0.0.1", "10.0.0.1", 80, True, False),
        ("fd12::1", "fd12::1", 80, True, False),
        # The name may lie, or lie tomorrow.
        ("localhost", "10.0.0.1", 80, False, False),
        ("localhost.example", "127.0.0.1", 80, False, False),
        ("nas.lan", "192.168.1.20", 80, False, False),
        ("10.example", "10.0.0.1", 80, False, False),
        ("127.0.0.1", "127.0.0.1", 6379, False, False),
        ("169.254.169.254", "169.254.169.254", 80, False, False),
        ("169.254.1.1", "169.254.1.1", 80, False, False),
        ("fe80::1", "fe80::1", 80, False, False),
        ("100.64.0.1", "100.64.0.1", 80, False, False),
        ("0.0.0.0", "0.0.0.0", 80, False, False),
        ("224.0.0.1", "224.0.0.1", 80, False, False),
        ("8.8.8.8", "8.8.8.8", 80, True, True),
    ],
)
def test_at_home_a_person_may_go_where_they_typed_and_a_server_leads_nowhere(
    host: str, address: str, port: int, typed: bool, led: bool
) -> None:
    guard = a_guard(profile=Profile.LOCAL)

    assert (refusal(guard, host, address, port=port) is None) is typed
    assert (refusal(guard, host, address, port=port, is_typed=False) is None) is led


@pytest.mark.parametrize(
    ("host", "address", "port", "may"),
    [
        ("blocked.example", "8.8.8.8", 80, False),
        ("a.blocked.example", "8.8.8.8", 80, True),
        ("other.example", "9.9.9.9", 80, False),
        ("other.example", "8.8.8.8", 8080, True),
        ("half.example", "8.8.8.8", 8080, False),
        ("half.example", "8.8.8.8", 80, True),
    ],
)
def test_what_is_blocked_is_not_asked_even_if_it_is_allowed(host: str, address: str, port: int, may: bool) -> None:
    block = parse_allow_list("blocked.example,9.9.9.0/24,half.example:8080")
    guard = Guard(Reach(allow=parse_allow_list("8.8.8.8,blocked.example,9.9.9.9"), block=block))

    assert (refusal(guard, host, address, port=port) is None) is may


def test_one_bad_address_refuses_the_name() -> None:
    assert refusal(a_guard(), "x.example", "8.8.8.8", "2606:4700::1") is None
    assert refusal(a_guard(), "x.example", "8.8.8.8", "2606:4700::1", "10.0.0.1") is not None


@pytest.mark.parametrize("port", sorted(BARRED_PORTS))
def test_a_barred_port_is_open_by_its_number_alone(port: int) -> None:
    said = refusal(a_guard("8.8.8.8,dns.example"), "dns.example", "8.8.8.8", port=port)

    assert said is not None and said.startswith(f"Port {port} of dns.example is not one for HTTP")
    assert f"adding dns.example:{port} to SCAN_ALLOW" in said
    assert refusal(a_guard(f"dns.example:{port}"), "dns.example", "8.8.8.8", port=port) is None


def test_ports_that_a_system_hands_out_by_itself_are_not_barred() -> None:
    assert max(BARRED_PORTS) < 32768 and not BARRED_PORTS & {80, 443, 591, 3000, 5000, 8000, 8008, 8080, 8443, 9000}


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All that anybody tries to connect to; nobody gets through."""
    tried: list[Any] = []

    def connect(_: socket.socket, address: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Each lookup gives the next of the addresses, or several at once between blanks, and the last for ever."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_: Any, **options: Any) -> list[Any]:
        if options.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        found = addresses[min(len(asked), len(addresses) - 1)].split()
        asked.append(host)
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in found]
        return [(family, 1, 6, "", (address, port)) for family, address in zip(families, found, strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def asked(url: str, guard: Guard | None = None) -> Exchange:
    return fetch(Request("GET", url, {"X-Secret": "canary"}), guard=guard or a_guard(), timeout=2)


@pytest.mark.parametrize(
    "found",
    ["10.0.0.1", "127.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "8.8.8.8 10.0.0.1", "2606:4700::1 fe80::1"],
)
def test_a_name_that_leads_astray_is_refused_and_nobody_is_asked(
    found: str, monkeypatch: pytest.MonkeyPatch, connections: list[Any]
) -> None:
    resolving(monkeypatch, found)

    exchange = asked("https://astray.example/")

    assert exchange.failure is not None and exchange.failure.code is ErrorCode.REFUSED_BY_POLICY
    assert connections == [] and "connect" not in exchange.phases


def test_a_name_that_changes_its_mind_is_looked_up_once(
    monkeypatch: pytest.MonkeyPatch, connections: list[Any]
) -> None:
    names = resolving(monkeypatch, "8.8.8.8", "127.0.0.1")

    asked("http://rebinding.example/")

    assert connections == [("8.8.8.8", 80)] and names == ["rebinding.example"]


def test_a_connection_that_lands_elsewhere_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "8.8.8.8")
    connect = socket.socket.connect
    with socket.create_server(("127.0.0.1", 0)) as inside:
        monkeypatch.setattr(socket.socket, "connect", lambda sock, _: connect(sock, inside.getsockname()))

        exchange = asked("http://misled.example/")

        connection, _ = inside.accept()
        with connection:
            assert connection.recv(100) == b""
    assert exchange.failure is not None and exchange.failure.code is ErrorCode.REFUSED_BY_POLICY
