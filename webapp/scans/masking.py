"""Takes a request's secrets out of the answer to it: targets that echo what they were sent are common."""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from webapp.scans.exchange import MISSING, Exchange

MASK: Final = "[masked]"
#: What is shorter stands in too many answers by chance, and is no secret worth the name.
SHORTEST_SECRET: Final = 8
#: Headers whose values say nothing that the target may not repeat.
_OPEN_NAMES: Final = frozenset(
    "accept accept-language cache-control content-language content-type dnt from if-match if-modified-since"
    " if-none-match if-range if-unmodified-since origin pragma prefer priority range referer user-agent"
    " x-requested-with".split()
)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*[ ]+(?=\S)")


def mask(exchange: Exchange, headers: Mapping[str, str]) -> Exchange:
    """The exchange without the exact values of these request headers, in whichever common spelling they came back.

    A body that comes back is left: many servers answer with what they were sent, and that is the answer.
    """
    secrets = sorted(set(_spellings(headers)), key=len, reverse=True)
    if not secrets or not _is_echoed(exchange, secrets):
        return exchange
    body = _mask_bytes(exchange.body, secrets)
    is_parsed_again = exchange.json is not MISSING and body != exchange.body
    masked = _masked(exchange, body, secrets)
    # The values of before and those of now would take twice as much memory as an answer may.
    del exchange
    return replace(masked, json=_parsed_again(body)) if is_parsed_again else masked


def _masked(exchange: Exchange, body: bytes, secrets: list[str]) -> Exchange:
    failure = exchange.failure
    return replace(
        exchange,
        url=_mask_text(exchange.url, secrets),
        reason=_mask_text(exchange.reason, secrets),
        headers=tuple((_mask_text(name, secrets), _mask_text(value, secrets)) for name, value in exchange.headers),
        content_type=_mask_text(exchange.content_type, secrets),
        body=body,
        json=exchange.json if body == exchange.body else MISSING,
        redirects=tuple(_mask_text(url, secrets) for url in exchange.redirects),
        failure=failure and replace(failure, message=_mask_text(failure.message, secrets)),
    )


def _spellings(headers: Mapping[str, str]) -> Iterator[str]:
    for secret in (secret for name, value in headers.items() for secret in _secrets_of(name.lower(), value)):
        yield secret
        yield json.dumps(secret)[1:-1]
        yield json.dumps(secret, ensure_ascii=False)[1:-1]
        yield quote(secret, safe="")


def _secrets_of(name: str, value: str) -> Iterator[str]:
    if name in _OPEN_NAMES:
        return
    parts = [value, _SCHEME.sub("", value, count=1)]
    if name == "cookie":
        parts += [pair.partition("=")[2].strip() for pair in value.split(";")]
    if value.lower().startswith("basic "):
        parts += _user_and_password(value[6:])
    yield from (part for part in parts if len(part) >= SHORTEST_SECRET)


def _user_and_password(encoded: str) -> list[str]:
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return []
    return [text, text.partition(":")[2]]


def _is_echoed(exchange: Exchange, secrets: list[str]) -> bool:
    """Most answers echo nothing: they are left as they are."""
    texts = [exchange.url, exchange.reason, exchange.content_type, *exchange.redirects]
    texts += [part for pair in exchange.headers for part in pair]
    texts += [exchange.failure.message] if exchange.failure else []
    head = "\n".join(texts)
    return any(secret in head or secret.encode() in exchange.body for secret in secrets)


def _mask_text(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _mask_bytes(body: bytes, secrets: list[str]) -> bytes:
    for secret in secrets:
        body = body.replace(secret.encode(), MASK.encode())
    return body


def _parsed_again(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return MISSING
