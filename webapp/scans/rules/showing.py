"""A JSON value in the few words of a condition's expected and actual."""

import json
from collections.abc import Mapping

_TEXT_LENGTH = 80
_LENGTH = 100


def shown(value: object) -> str:
    """As JSON would write it, cut to what fits a line; never a character that a database would not store."""
    if isinstance(value, Mapping | list):
        return "an object" if isinstance(value, Mapping) else "a list"
    if isinstance(value, str) and len(value) > _TEXT_LENGTH:
        value = value[: _TEXT_LENGTH - 1] + "…"
    return _line(value)


def shown_whole(value: object) -> str:
    """The same for what a person wrote: lists and objects too."""
    return _line(value)


def excerpt(text: str) -> str:
    """Foreign text without quotes around it, on one line."""
    cut = text if len(text) <= _TEXT_LENGTH else text[: _TEXT_LENGTH - 1] + "…"
    return cut if cut.isprintable() else _line(cut)


def _line(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
        if not text.isprintable():
            text = json.dumps(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…"
