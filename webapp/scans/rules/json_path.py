"""A JMESPath expression, parsed once, bounded in size and depth, and evaluated within a budget."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Self

from jmespath.exceptions import IncompleteExpressionError, JMESPathError, ParseError
from jmespath.functions import Functions
from jmespath.parser import Parser

from webapp.scans.errors import InvalidField
from webapp.scans.exchange import MISSING
from webapp.scans.rules.bounded_jmespath import BoundedInterpreter, Node
from webapp.scans.rules.budget import Budget

MAX_LENGTH: Final = 500
MAX_DEPTH: Final = 30

_TAKE_EXPRESSIONS: Final = frozenset({"sort_by", "max_by", "min_by", "map"})
_CURE: Final = "Write JMESPath, such as job.progress, items[0].state or length(items)."


class NoValue(Exception):
    """The expression cannot be evaluated on this answer; says why."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """``steps`` are the names and indexes of a plain path such as ``items[0].state``; None for what must be computed.

    Only of a plain path it is known whether the answer lacks the value or holds null there.
    """

    text: str
    steps: tuple[str | int, ...] | None = field(compare=False)
    _tree: Node = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str, *, of: str) -> Self:
        """Raises InvalidField, named ``of``, with the place of the fault."""
        if not text.strip():
            raise InvalidField(of, "has no path", _CURE)
        if not text.isprintable():
            raise InvalidField(of, "has a path with a character that cannot be seen", _CURE)
        if len(text) > MAX_LENGTH:
            raise InvalidField(of, f"has a path of more than {MAX_LENGTH} characters", "Look for a shorter one.")
        return cls(text, *_parsed(text, of))

    def value(self, document: Any, budget: Budget) -> Any:
        """The value there, or MISSING; raises NoValue, TooMuchWork."""
        if self.steps is not None:
            return _walk(document, self.steps)
        try:
            found = BoundedInterpreter(budget).visit(self._tree, document)
        except JMESPathError as error:
            raise NoValue(_first_line(str(error))) from error
        except (ArithmeticError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise NoValue("cannot be computed from this answer") from error
        return MISSING if found is None else found


def _walk(document: Any, steps: tuple[str | int, ...]) -> Any:
    current = document
    for step in steps:
        if isinstance(step, str):
            current = current.get(step, MISSING) if isinstance(current, dict) else MISSING
        else:
            is_there = isinstance(current, list) and -len(current) <= step < len(current)
            current = current[step] if is_there else MISSING
    return current


@lru_cache(maxsize=1024)
def _parsed(text: str, of: str) -> tuple[tuple[str | int, ...] | None, Node]:
    try:
        tree: Node = Parser().parse(text).parsed
    except IncompleteExpressionError as error:
        raise InvalidField(of, f"{_cut(text)} ends too early", _CURE) from error
    except ParseError as error:
        words = f"{_cut(text)} is no JMESPath from character {error.lex_position + 1} on"
        raise InvalidField(of, words, _CURE) from error
    except (ValueError, RecursionError) as error:
        raise InvalidField(of, f"{_cut(text)} is no JMESPath", _CURE) from error
    _check_tree(tree, text, of)
    return _plain_steps(tree), tree


def _check_tree(tree: Node, text: str, of: str) -> None:
    root: Node = {"type": "root", "children": [tree]}
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise InvalidField(of, f"{_cut(text)} nests more than {MAX_DEPTH} deep", "Look for a simpler one.")
        if node["type"] == "function_expression" and node["value"] not in Functions.FUNCTION_TABLE:
            known = ", ".join(sorted(Functions.FUNCTION_TABLE))
            raise InvalidField(of, f"{node['value']}() is no function of JMESPath", f"Known are {known}.")
        children = [child for child in node["children"] if isinstance(child, dict)]
        if any(child["type"] == "expref" for child in children) and node.get("value") not in _TAKE_EXPRESSIONS:
            raise InvalidField(
                of, f"{_cut(text)} has & where it means nothing", "It is for sort_by(items, &at) and alike."
            )
        waiting += ((child, depth + 1) for child in children)


def _plain_steps(node: Node) -> tuple[str | int, ...] | None:
    match node["type"]:
        case "field" | "index":
            return (node["value"],)
        case "current" | "identity":
            return ()
        case "subexpression" | "index_expression":
            parts = [_plain_steps(child) for child in node["children"]]
            return None if None in parts else tuple(step for part in parts if part is not None for step in part)
        case _:
            return None


def _first_line(text: str) -> str:
    return text.partition("\n")[0][:160]


def _cut(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")
