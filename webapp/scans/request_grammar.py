"""What a URL and headers must look like before anybody is asked: text only, no lookup."""

import re
import unicodedata
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import urlsplit

import idna

MAX_URL_LENGTH: Final = 2048
MAX_HEADERS: Final = 40
MAX_HEADER_BYTES: Final = 8 * 1024

# The plain case, which most of ten thousand lines are, in one match: scheme, host name, port, then visible ASCII.
_PLAIN_URL: Final = re.compile(
    r"https?://(?=[^/?:]{1,253}(?:[/?:]|$))(?:[a-z0-9-]{1,63}\.)*[a-z][a-z0-9-]{0,62}(?::[1-9]\d{0,3})?(?:[/?][!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]*)?",
    re.IGNORECASE,
)
_BAD_CHARACTER: Final = re.compile(
    '[\x00-\x20\x7f-\xa0\xad\\\\<>"{}|^`\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\U000e0000-\U000e0fff]'
)
#: Of ASCII, a host name has letters, digits, dots, hyphens, and by custom underscores.
_BAD_IN_HOST: Final = re.compile(r"[!-,/:-@\[-^`{-~]")
#: Browsers, and the system's resolver, read such a last label as part of an IPv4 address, in one of many disguises.
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE: Final = re.compile(r"(?![ \t])[\x20-\x7e\t]*")
#: Those that the HTTP exchange itself needs, or that a proxy or a cloud would believe.
_FORBIDDEN: Final = frozenset(
    "host content-length transfer-encoding connection keep-alive upgrade te trailer expect accept-encoding "
    "metadata-flavor metadata x-aws-ec2-metadata-token x-aws-ec2-metadata-token-ttl-seconds".split()
)
_FORBIDDEN_PREFIXES: Final = ("proxy-", "x-forwarded-")


def check_url(url: str) -> str | None:
    """What is wrong with the URL, as the end of a sentence that begins with its name; None if nothing is."""
    if len(url) > MAX_URL_LENGTH:
        return f"is longer than {MAX_URL_LENGTH} characters"
    if _PLAIN_URL.fullmatch(url):
        return None
    if bad := _BAD_CHARACTER.search(url):
        return f"has a character that no URL may have ({_named(bad.group())}); write it percent-encoded"
    return _check_parts(url)


def _check_parts(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is not a URL ({error})"
    if parts.scheme.lower() not in ("http", "https"):
        return "must start with http:// or https://"
    if not parts.hostname:
        return "names no host; write it as https://host/path"
    if "@" in parts.netloc:
        return "must not hold a user name or password; send it in an Authorization header"
    if "%" in parts.netloc:
        return "must not have % in the name of the host"
    if port == 0:
        return "has port 0, where nothing can listen"
    if "[" in parts.netloc:
        return _check_ip(IPv6Address, parts.hostname)
    return _check_host(parts.hostname)


def _check_host(given: str) -> str | None:
    # Circled digits and wide dots are how an address hides from who compares text.
    host = unicodedata.normalize("NFKC", given).replace("\u3002", ".")
    if bad := _BAD_IN_HOST.search(host):
        return f"names a host with {bad.group()} in it, which no name may have"
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(0 < len(label) < 64 for label in labels):
        return "names a host that cannot exist: a part of its name is empty or too long"
    if _NUMBER.fullmatch(labels[-1]):
        return _check_ip(IPv4Address, given)
    return None if given.isascii() else _check_letters(given)


def _check_letters(host: str) -> str | None:
    """As urllib3 does when it encodes the name, so that what is taken is what can be asked."""
    try:
        for label in host.lower().removesuffix(".").split("."):
            if not label.isascii():
                idna.encode(label, strict=True, std3_rules=True)
    except idna.IDNAError:
        return "names a host whose letters cannot be encoded; write it as a browser's address bar shows it once opened"
    return None


def _check_ip(kind: type[IPv4Address | IPv6Address], host: str) -> str | None:
    try:
        kind(host)
    except AddressValueError:
        return "has a number for a host that is not an IP address as it is usually written, such as 192.0.2.1"
    return None


def check_headers(headers: Mapping[str, str]) -> str | None:
    """What is wrong with the headers; values are never repeated, they are secrets."""
    if len(headers) > MAX_HEADERS:
        return f"are more than {MAX_HEADERS}"
    seen: set[str] = set()
    for name, value in headers.items():
        if problem := _check_header(str(name), value, seen):
            return problem
    return None


def _check_header(name: str, value: str, seen: set[str]) -> str | None:
    shown, lowered = name[:60], name.lower()
    if not _TOKEN.fullmatch(name):
        # Not repeated: it may be a secret that lost its name.
        return "have a name that HTTP does not allow; a name is letters, digits and hyphens"
    if lowered in seen:
        return f"name {shown} twice"
    seen.add(lowered)
    if lowered in _FORBIDDEN or lowered.startswith(_FORBIDDEN_PREFIXES):
        return f"must not set {shown}: Tilldone sets it, or a proxy would believe it"
    if not _VISIBLE.fullmatch(value):
        return f"have a value of {shown} with a blank before it, line breaks, or characters beyond ASCII"
    if len(name) + len(value) > MAX_HEADER_BYTES:
        return f"have a value of {shown} longer than {MAX_HEADER_BYTES // 1024} KiB"
    return None


def _named(character: str) -> str:
    return {" ": "a space", "\t": "a tab"}.get(character, f"U+{ord(character):04X}")
