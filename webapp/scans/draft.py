"""What is asked for, checked before anything is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from webapp.scans.errors import InvalidField
from webapp.scans.host_limits import host_of
from webapp.scans.policy_input import read_policy
from webapp.scans.request_grammar import check_headers, check_url
from webapp.scans.retry_policy import POLICY_FIELDS, RetryPolicy
from webapp.scans.rules import DEFAULT_RULE, Rule
from webapp.scans.rules.shorthand import RULE_FIELDS, read_rule
from webapp.scans.sealing import Secrets

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_BODY_BYTES: Final = 1024 * 1024
FIELDS: Final = frozenset({"url", "method", "headers", "body", *POLICY_FIELDS, *RULE_FIELDS})


@dataclass(frozen=True, slots=True)
class Draft:
    """A scan that was asked for and found valid, but is not stored yet."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    rule: Rule = DEFAULT_RULE

    @property
    def secrets(self) -> Secrets:
        return Secrets(self.headers, self.body)

    @property
    def host(self) -> str:
        return host_of(self.url)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Check what a form or a program gave; raises InvalidField with the field, the fault and the cure."""
        _check_names(given)
        url = given.get("url")
        if not isinstance(url, str) or not url.strip():
            raise InvalidField("url", "is missing", "Give an address such as https://example.com/export.")
        return cls(url=checked_url(url), **parse_options(given))


def parse_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """All of a draft but its URL: the options that a batch shares, parsed once. Raises InvalidField."""
    return {
        "method": _method(given.get("method")),
        "headers": read_headers(given.get("headers")),
        "body": _body(given.get("body")),
        "policy": read_policy(given),
        "rule": read_rule(given) or DEFAULT_RULE,
    }


def checked_url(text: str) -> str:
    """The URL without the blanks around it; raises InvalidField."""
    url = text.strip()
    if problem := check_url(url):
        raise InvalidField("url", problem)
    return url


def _check_names(given: Mapping[str, Any]) -> None:
    for name in given:
        if name not in FIELDS:
            raise InvalidField(str(name)[:40], "is not an option of a scan", f"Known are {', '.join(sorted(FIELDS))}.")


def _method(given: object) -> str:
    method = str(given or "GET").strip().upper()
    if method not in METHODS:
        raise InvalidField("method", f"{method[:20]!r} is not known", f"Choose one of {', '.join(METHODS)}.")
    return method


def read_headers(given: object) -> dict[str, str]:
    """Headers from an object, or from text with one ``Name: value`` a line; raises InvalidField."""
    if given in (None, "", {}):
        return {}
    headers = _header_lines(given) if isinstance(given, str) else given
    if not isinstance(headers, Mapping) or not all(isinstance(v, str) for v in headers.values()):
        raise InvalidField("headers", "must map names to texts", 'Give {"Name": "value"}, or one "Name: value" a line.')
    if problem := check_headers(headers):
        raise InvalidField("headers", problem)
    return {str(name): value for name, value in headers.items()}


def _header_lines(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        # The line itself is not repeated: it may be a secret that lost its name.
        if not colon:
            raise InvalidField("headers", f"line {number} has no colon", 'Write one "Name: value" a line.')
        if name.strip().lower() in (known.lower() for known in headers):
            raise InvalidField("headers", f"line {number} names a header for the second time", "Keep one of them.")
        headers[name.strip()] = value.strip()
    return headers


def _body(given: object) -> bytes | None:
    if given in (None, ""):
        return None
    if not isinstance(given, str):
        raise InvalidField("body", "must be a text", "Send JSON as a string.")
    body = given.encode()
    if len(body) > MAX_BODY_BYTES:
        raise InvalidField("body", f"is larger than {MAX_BODY_BYTES // 1024} KiB", "Send a smaller one.")
    return body
