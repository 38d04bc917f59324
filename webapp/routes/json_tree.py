"""A JSON body as nodes that a template can draw: bounded, and exact to the digit."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

#: Nodes that a page may hold in all, in one list or object, and in depth.
MAX_NODES: Final = 1500
MAX_CHILDREN: Final = 200
MAX_DEPTH: Final = 24
MAX_TEXT: Final = 2000


@dataclass(frozen=True, slots=True)
class Node:
    """One value; ``key`` is its name in an object or its index in a list, ``hidden`` counts children left out."""

    key: str | None
    kind: str
    text: str
    children: tuple["Node", ...] = ()
    hidden: int = 0
    is_open: bool = True


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
    return _node(None, value, 0, iter(range(MAX_NODES)))


def _node(key: str | None, value: Any, depth: int, budget: Iterator[int]) -> Node:
    match value:
        case _Object():
            return _container(key, "object", list(value), depth, budget)
        case list():
            return _container(key, "array", [(str(index), item) for index, item in enumerate(value)], depth, budget)
        case _Number():
            return Node(key, "number", _cut(value))
        case str():
            return Node(key, "string", _cut(json.dumps(value, ensure_ascii=False)))
        case bool():
            return Node(key, "boolean", "true" if value else "false")
        case _:
            return Node(key, "null", "null")


def _container(key: str | None, kind: str, items: list[tuple[str, Any]], depth: int, budget: Iterator[int]) -> Node:
    children: list[Node] = []
    for name, item in items[:MAX_CHILDREN] if depth < MAX_DEPTH else []:
        if next(budget, None) is None:
            break
        children.append(_node(name, item, depth + 1, budget))
    noun = {"object": "key", "array": "item"}[kind]
    text = f"{len(items):,} {noun}{'' if len(items) == 1 else 's'}"
    is_open = depth == 0 or (depth < 3 and len(items) <= 20)
    return Node(key, kind, text, tuple(children), len(items) - len(children), is_open)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text):,} characters)"
