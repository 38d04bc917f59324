"""A JSON body as nodes that a template can draw: bounded, and exact to the digit."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

#: Nodes that a page may hold in all, in one list or object, and in depth.
MAX_NODES: Final = 1500
MAX_CHILDREN: Final = 200
MAX_DEPTH: Final = 24
MAX_TEXT: Final = 2000
#: A condition longer than this is not offered.
MAX_CONDITION: Final = 300
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Node:
    """One value; ``key`` is its name in an object or its index in a list, ``hidden`` counts children left out.

    ``condition`` is the line by which a rule would expect just this value.
    """

    key: str | None
    kind: str
    text: str
    children: tuple["Node", ...] = ()
    hidden: int = 0
    is_open: bool = True
    condition: str | None = None


class _Number(str):
    """A number as it was written: 1.10 stays 1.10, and a long integer stays whole."""


class _Object(tuple[tuple[str, Any], ...]):
    """Names and values in order; a name that comes twice is seen twice."""


def read_tree(body: bytes) -> Node | None:
    """The root, or None if the body is no JSON after all."""
    try:
        value = json.loads(body, parse_int=_Number, parse_float=_Number, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        return None
    return _node(None, value, _Place("", 0), iter(range(MAX_NODES)))


class _Place(NamedTuple):
    """Where a value is; ``path`` is None where it has grown too long to be of use."""

    path: str | None
    depth: int

    def of_key(self, name: str) -> "_Place":
        step = name if _PLAIN_NAME.fullmatch(name) else _quoted(name)
        return self._below(step if not self.path else f".{step}", len(name))

    def of_index(self, index: int) -> "_Place":
        return self._below(f"[{index}]", 0)

    def _below(self, step: str, length: int) -> "_Place":
        is_short = self.path is not None and len(self.path) + length <= MAX_CONDITION
        return _Place(f"{self.path}{step}" if is_short else None, self.depth + 1)

    def condition(self, words: str) -> str | None:
        line = f"{self.path or '@'} {words}"
        return line if self.path is not None and len(line) <= MAX_CONDITION else None


def _node(key: str | None, value: Any, place: _Place, budget: Iterator[int]) -> Node:
    match value:
        case _Object():
            return _container(key, "object", [(name, item, place.of_key(name)) for name, item in value], place, budget)
        case list():
            items = [(str(index), item, place.of_index(index)) for index, item in enumerate(value)]
            return _container(key, "array", items, place, budget)
        case _Number():
            return Node(key, "number", _cut(value), condition=place.condition(f"== {value}"))
        case str():
            text = json.dumps(value, ensure_ascii=False)
            return Node(key, "string", _cut(text), condition=place.condition(f"== {_quoted(value)}"))
        case bool():
            word = "true" if value else "false"
            return Node(key, "boolean", word, condition=place.condition(f"== {word}"))
        case _:
            return Node(key, "null", "null", condition=place.condition("== null"))


def _container(
    key: str | None, kind: str, items: list[tuple[str, Any, _Place]], place: _Place, budget: Iterator[int]
) -> Node:
    children: list[Node] = []
    for name, item, below in items[:MAX_CHILDREN] if place.depth < MAX_DEPTH else []:
        if next(budget, None) is None:
            break
        children.append(_node(name, item, below, budget))
    noun = {"object": "key", "array": "item"}[kind]
    text = f"{len(items):,} {noun}{'' if len(items) == 1 else 's'}"
    is_open = place.depth == 0 or (place.depth < 3 and len(items) <= 20)
    condition = place.condition("exists") if place.depth else None
    return Node(key, kind, text, tuple(children), len(items) - len(children), is_open, condition)


def _quoted(text: str) -> str:
    """As JSON, on one line and with nothing in it that cannot be seen."""
    plain = json.dumps(text, ensure_ascii=False)
    return plain if plain.isprintable() else json.dumps(text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text):,} characters)"
