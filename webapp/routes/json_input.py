"""What programs send, taken apart with errors that name the field."""

import dataclasses
from typing import Any

from flask import request

from webapp.scans.errors import InvalidField
from webapp.scans.filters import Filter
from webapp.scans.queries import MAX_PAGE, parse_id
from webapp.scans.states import State


def json_object() -> dict[str, Any]:
    """The request's body; raises InvalidField unless it is a JSON object."""
    given = request.get_json(force=True, silent=True)
    if not isinstance(given, dict):
        raise InvalidField("body", "is not a JSON object", 'Send {"url": "https://..."} as application/json.')
    return given


def scan_filter() -> Filter:
    """The query's ``state``, ``batch`` and ``q``; raises InvalidField."""
    return Filter(state=_state(), batch_id=_batch(), text=request.args.get("q", ""))


def waiting_filter() -> Filter:
    """The same for scans that wait, which need not be said; raises InvalidField for any other state."""
    which = scan_filter()
    if which.state not in (None, State.WAITING):
        raise InvalidField("state", f"{which.state} is not waiting", "Only scans that wait can be tried now.")
    return dataclasses.replace(which, state=State.WAITING)


def list_cursors() -> dict[str, str | None]:
    """Where in the list: below ``cursor``, or above ``newer``."""
    return {name: request.args.get(name) for name in ("cursor", "newer")}


def page_limit(default: int = 50) -> int:
    text = request.args.get("limit") or str(default)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:6]) <= MAX_PAGE:
        raise InvalidField("limit", f"is not between 1 and {MAX_PAGE}", "Ask for fewer and follow `next`.")
    return int(text)


def _state() -> State | None:
    text = request.args.get("state")
    if not text:
        return None
    if text not in set(State):
        raise InvalidField("state", f"{text[:20]!r} is not a state", f"Choose one of {', '.join(State)}.")
    return State(text)


def _batch() -> Any:
    text = request.args.get("batch")
    if not text:
        return None
    batch_id = parse_id(text)
    if batch_id is None:
        raise InvalidField("batch", "is not the id of a batch", "Take it from the answer to the submit.")
    return batch_id
