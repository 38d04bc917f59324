"""What differs between two JSON answers, by path; bounded in every way, since both are other people's."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

#: Differences that are told, values that are looked at, and how deep.
MOST_TOLD: Final = 12
MOST_SEEN: Final = 5_000
DEEPEST: Final = 40
_SHOWN_LENGTH: Final = 60
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place with what was there and what is there now, as JSON writes it, cut to what fits a line."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Diff:
    """``is_whole`` is false where there may be more than is told."""

    differences: tuple[Difference, ...]
    is_whole: bool


def diff_json(before: bytes, after: bytes) -> Diff | None:
    """None when one of them is no JSON."""
    try:
        old, new = json.loads(before), json.loads(after)
    except (ValueError, RecursionError):
        return None
    return diff_values(old, new)


def diff_values(before: Any, after: Any) -> Diff:
    told: list[Difference] = []
    seen = 0
    # A stack of our own: no nesting is too deep for it.
    todo: list[tuple[str, Any, Any, int]] = [("", before, after, 0)]
    while todo:
        path, old, new, depth = todo.pop()
        seen += 1
        if len(told) == MOST_TOLD or seen > MOST_SEEN:
            return Diff(tuple(told), is_whole=False)
        if type(old) is type(new) and isinstance(old, dict | list) and (old or new):
            if depth == DEEPEST:
                return Diff(tuple(told), is_whole=False)
            inner = _keys(path, old, new) if isinstance(old, dict) else _items(path, old, new)
            room = MOST_SEEN - seen - len(todo)
            if max(len(old), len(new)) > room:
                return Diff(tuple(told), is_whole=False)
            todo += [(where, one, other, depth + 1) for where, one, other in reversed(list(inner))]
        elif not _is_same(old, new):
            told.append(Difference(path or "(all)", _shown(old), _shown(new)))
    return Diff(tuple(told), is_whole=True)


def _keys(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in {**old, **new}:
        name = key if _PLAIN_KEY.fullmatch(key) else _cut(json.dumps(key))
        yield f"{path}.{name}" if path else name, old.get(key, _ABSENT), new.get(key, _ABSENT)


def _items(path: str, old: list[Any], new: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    for index in range(max(len(old), len(new))):
        one = old[index] if index < len(old) else _ABSENT
        yield f"{path}[{index}]", one, new[index] if index < len(new) else _ABSENT


def _is_same(old: Any, new: Any) -> bool:
    """By type too: 1 is neither 1.0 nor true. Of containers only empty ones come here with one of their kind."""
    return type(old) is type(new) and (isinstance(old, dict | list) or bool(old == new))


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "absent"
    if isinstance(value, dict | list):
        noun = "key" if isinstance(value, dict) else "item"
        return f"{len(value):,} {noun}{'' if len(value) == 1 else 's'}"
    # Long before it is written out: a text may be the whole answer.
    return _cut(json.dumps(value[: 2 * _SHOWN_LENGTH] if isinstance(value, str) else value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else f"{text[: _SHOWN_LENGTH - 1]}…"
