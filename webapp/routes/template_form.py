"""A template as text in a form's fields, and back; what it holds of headers stays out of sight."""

import json
from collections.abc import Mapping
from typing import Any, Final

from webapp.routes.labels import label
from webapp.scans.draft import read_headers
from webapp.scans.sealing import SealBroken
from webapp.scans.templates import TEMPLATE_FIELDS, Template

_MAX_WORDS: Final = 300
#: Fields with one thing a line; lists in the others stand on one line.
_LINES: Final = frozenset({"expect_header", "expect_json", "fail_when"})


def values_of(template: Template) -> dict[str, str]:
    """For the fields of a form."""
    return {name: _text(name, value) for name, value in template.options.items() if name in TEMPLATE_FIELDS}


def headers_after(template: Template | None, given: Mapping[str, Any], dropped: list[str]) -> dict[str, str]:
    """What is kept of the headers, without those that were dropped, and those that were typed. Raises InvalidField,
    SealBroken."""
    own = read_headers(given.get("headers"))
    gone = {name.lower() for name in (*own, *dropped)}
    kept = template.headers if template else {}
    return {name: value for name, value in kept.items() if name.lower() not in gone} | own


def template_words(template: Template) -> str:
    """What it sets, by name; of headers not even how many where they cannot be opened."""
    try:
        names = sorted(template.headers)
    except SealBroken:
        names = []
    said = [f"{_in_a_sentence(name)} {_text(name, value)}" for name, value in template.options.items()]
    words = "; ".join([*(f"header {name}" for name in names), *said]).replace("\n", ", ")
    return words if len(words) <= _MAX_WORDS else f"{words[: _MAX_WORDS - 1]}…"


def _in_a_sentence(name: str) -> str:
    first, rest = label(name)[:1], label(name)[1:]
    return first.lower() + rest


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "rule" and not isinstance(value, str):
        return json.dumps(value, indent=1, ensure_ascii=False)
    if isinstance(value, list):
        return ("\n" if name in _LINES else ", ").join(_text("", item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
