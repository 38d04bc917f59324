"""Read an answer's body as JSON where it is JSON, whatever a hostile target put in it."""

import json
import sys
from typing import Any, Final, NoReturn

import re2

from webapp.scans.exchange import MISSING

#: What the values of one answer may take of a worker's memory, their text included.
MAX_MEMORY_BYTES: Final = 32 * 1024 * 1024
#: At most, in CPython: an object with a few members, a list, a value, and a key that was not there before.
_OBJECT, _LIST, _VALUE, _NEW_KEY = 200, 90, 70, 155
#: re2 and not re, which goes over a body of escaped quotes once for each of them.
_KEY: Final = re2.compile(rb'"((?:[^"\\]|\\.)*)"\s*:')


class TooMuchJson(Exception):
    """The values would take more memory than one answer may have."""


def parse_json(body: bytes, content_type: str, *, is_truncated: bool) -> Any:
    """The value, or MISSING. A body that does not claim to be JSON still is, if it is an object or a list.

    Raises TooMuchJson.
    """
    kind = content_type.partition(";")[0].strip().lower()
    claims = kind == "application/json" or kind.endswith("+json")
    looks = body.lstrip()[:1] in (b"{", b"[")
    if is_truncated or not body or not (claims or looks):
        return MISSING
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
        _check_cost(text)
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return MISSING


def _check_cost(text: str) -> None:
    """A body of 5 MiB may hold a million empty objects, which take twenty times as much."""
    # One emoji makes each letter take four bytes, and again in the string that holds it.
    left = MAX_MEMORY_BYTES - sys.getsizeof(text) * (1 if text.isascii() else 2)
    left -= text.count("{") * _OBJECT + text.count("[") * _LIST + text.count(",") * _VALUE
    if left < 0 or (text.count(":") * _NEW_KEY > left and _has_more_keys(text, left // _NEW_KEY)):
        raise TooMuchJson


def _has_more_keys(text: str, limit: int) -> bool:
    """Keys that come again are kept once; a list of a thousand rows has no more of them than one row."""
    keys: set[bytes] = set()
    for found in _KEY.finditer(text.encode("utf-8", "surrogatepass")):
        keys.add(found[1])
        if len(keys) > limit:
            return True
    return False


def _refuse(name: str) -> NoReturn:
    """Python reads NaN and Infinity; JSON has no such numbers, and nobody could send them on."""
    raise ValueError(name)
