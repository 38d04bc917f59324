"""Read an answer's body as JSON where it is JSON, whatever a hostile target put in it."""

import json
from typing import Any, NoReturn

from webapp.scans.exchange import MISSING


def parse_json(body: bytes, content_type: str, *, is_truncated: bool) -> Any:
    """The value, or MISSING. A body that does not claim to be JSON still is, if it is an object or a list."""
    kind = content_type.partition(";")[0].strip().lower()
    claims = kind == "application/json" or kind.endswith("+json")
    looks = body.lstrip()[:1] in (b"{", b"[")
    if is_truncated or not body or not (claims or looks):
        return MISSING
    try:
        return json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return MISSING


def _refuse(name: str) -> NoReturn:
    """Python reads NaN and Infinity; JSON has no such numbers, and nobody could send them on."""
    raise ValueError(name)
