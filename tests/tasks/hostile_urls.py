"""Ways to write an address so that it does not look like what it is, and other URLs that only mean harm."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Final

#: What a scan must never reach unasked: ourselves, neighbours, and where clouds hand out credentials.
FORBIDDEN: Final = (
    "127.0.0.1",
    "127.9.8.7",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.9",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
)


def _parts(address: str) -> list[int]:
    return [int(part) for part in address.split(".")]


def _number(address: str) -> int:
    return int(IPv4Address(address))


def _v6(number: int) -> str:
    return f"[{IPv6Address(number)}]"


def _digits(address: str, zero: str) -> str:
    return address.translate({ord(str(digit)): chr(ord(zero) + digit) for digit in range(10)})


def _circled(address: str) -> str:
    return address.translate({ord("0"): "⓪", **{ord(str(digit)): chr(ord("①") + digit - 1) for digit in range(1, 10)}})


#: Each makes a host of the dotted address.
DISGUISES: Final[dict[str, Callable[[str], str]]] = {
    "as it is": str,
    "decimal": lambda a: str(_number(a)),
    "hex": lambda a: hex(_number(a)),
    "HEX": lambda a: f"0X{_number(a):X}",
    "octal": lambda a: f"0{_number(a):o}",
    "long octal": lambda a: f"0000000000{_number(a):o}",
    "hex parts": lambda a: ".".join(map(hex, _parts(a))),
    "octal parts": lambda a: ".".join(f"0{part:o}" for part in _parts(a)),
    "padded parts": lambda a: ".".join(f"{part:03}" for part in _parts(a)),
    "two parts": lambda a: f"{_parts(a)[0]}.{_number(a) & 0xFFFFFF}",
    "three parts": lambda a: ".".join(map(str, [*_parts(a)[:2], _number(a) & 0xFFFF])),
    "mixed bases": lambda a: f"{_parts(a)[0]:#x}.0{_parts(a)[1]:o}.{_number(a) & 0xFFFF}",
    "overflow": lambda a: str(_number(a) + 2**32),
    "part overflow": lambda a: ".".join(str(part + 256) for part in _parts(a)),
    "dot at the end": lambda a: f"{a}.",
    "circled digits": _circled,
    "wide digits": lambda a: _digits(a, "０"),
    "bold digits": lambda a: _digits(a, "𝟎"),
    "arabic digits": lambda a: _digits(a, "٠"),
    "ideographic dots": lambda a: a.replace(".", "。"),
    "wide dots": lambda a: a.replace(".", "．"),
    "percent": lambda a: "".join(f"%{ord(one):02x}" for one in a),
    "percent dots": lambda a: a.replace(".", "%2e"),
    "soft hyphen": lambda a: a.replace(".", ".\u00ad"),
    "zero width": lambda a: f"\u200b{a}",
    "mapped": lambda a: f"[::ffff:{a}]",
    "mapped hex": lambda a: _v6(0xFFFF << 32 | _number(a)),
    "mapped long": lambda a: f"[0:0:0:0:0:FFFF:{_number(a) >> 16:x}:{_number(a) & 0xFFFF:x}]",
    "compatible": lambda a: f"[::{a}]",
    "nat64": lambda a: f"[64:ff9b::{a}]",
    "local nat64": lambda a: f"[64:ff9b:1::{a}]",
    "6to4": lambda a: _v6(0x2002 << 112 | _number(a) << 80 | 1),
    "teredo": lambda a: _v6(0x2001_0000 << 96 | _number("8.8.8.8") << 64 | _number(a) ^ 0xFFFF_FFFF),
    "siit": lambda a: f"[::ffff:0:{a}]",
    "isatap": lambda a: _v6(0x2606_4700 << 96 | 0x5EFE << 32 | _number(a)),
    "zone": lambda a: f"[::ffff:{a}%25lo]",
    "bracketed": lambda a: f"[{a}]",
    "user": lambda a: f"public.example@{a}",
    "user and port": lambda a: f"public.example:80@{a}",
    "backslash": lambda a: f"{a}\\@public.example",
    "fragment": lambda a: f"{a}#@public.example",
    "query": lambda a: f"{a}?@public.example",
    "tab": lambda a: f"{a[:3]}\t{a[3:]}",
    "line break": lambda a: f"{a}\r\nX: y",
    "null": lambda a: f"{a}\0.public.example",
}

#: More of the same that is not made of an address.
OTHERS: Final = (
    "http://localhost/",
    "http://LOCALHOST./",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fec0::1]/",
    "http://[fd12:3456::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fd20:ce::254]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[100::1]/",
    "http://[4000::1]/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://192.0.0.192/",
    "http://198.18.0.1/",
    "http://203.0.113.1/",
    "http://0/",
    "http://0x/",
    "http://1/",
    "http://127.1/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://127.0.0.1.1/",
    "http://8.8.8.8:6379/",
    "http://8.8.8.8:25/",
    "http://8.8.8.8:5432/",
    "http://8.8.8.8:0/",
    "http://8.8.8.8:65616/",
    "http://8.8.8.8:-80/",
    "http://8.8.8.8:８０/",
    "http://[::1/",
    "http://::1/",
    "http://[v1.fe80::a]/",
    "http://[::ffff:8.8.8.8%251]/",
    "http:///127.0.0.1/",
    "http:/127.0.0.1/",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "http://@127.0.0.1/",
    "http://:@127.0.0.1/",
    "http://user:pass@8.8.8.8/",
    "https://8.8.8.8 .example/",
    "http://a..example/",
    "http://.example/",
    "http://-/\u202e",
    "http://exa\u200bmple.com/",
    "http://example.com/\u2028",
    "http://example.com/<script>",
    "http://example.com/{{7*7}}",
    "http://example.com/\r\nHost: other",
    "http://example.com/%0d\n",
    "http://example.com/" + "a" * 2100,
    "http://" + "a" * 64 + ".example/",
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1:11211/stats",
    "ldap://127.0.0.1/",
    "jar:http://127.0.0.1!/",
    "data:text/html,hello",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "httpx://8.8.8.8/",
    " http://8.8.8.8/",
    "",
    "http://",
    "https://?",
    "http://#",
)


def hostile_urls() -> Iterator[tuple[str, str]]:
    """Names, and URLs that the public profile refuses."""
    for address in FORBIDDEN:
        for name, disguise in DISGUISES.items():
            yield f"{name} {address}", f"http://{disguise(address)}/latest"
    for url in OTHERS:
        yield ascii(url)[:60], url
