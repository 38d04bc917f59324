"""JMESPath as the library evaluates it, with every step that could grow charged to a budget before it is taken."""

from typing import Any, Final

from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

from webapp.scans.rules.budget import Budget
from webapp.scans.rules.equality import is_same

Node = dict[str, Any]

#: Functions that may touch all that hangs below their arguments.
_DEEP: Final = frozenset({"to_string", "contains"})
_SORTING: Final = frozenset({"sort", "max", "min"})
_SORTING_BY: Final = frozenset({"sort_by", "max_by", "min_by"})


class _BoundedFunctions(Functions):
    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def call_function(self, function_name: str, resolved_args: list[Any]) -> Any:
        self._charge(function_name, resolved_args)
        return super().call_function(function_name, resolved_args)

    def _charge(self, name: str, given: list[Any]) -> None:
        budget = self._budget
        for value in given:
            if name in _DEEP:
                budget.charge_whole(value)
            elif name in _SORTING and isinstance(value, list):
                budget.charge_sorting(value)
            elif name in _SORTING_BY and isinstance(value, list):
                budget.charge(len(value) * len(value).bit_length())
            elif isinstance(value, str):
                budget.charge_text(len(value))
            elif isinstance(value, list | dict):
                budget.charge(1 + len(value))
        if name == "join":
            self._charge_joining(given)

    def _charge_joining(self, given: list[Any]) -> None:
        for text in given[1] if len(given) == 2 and isinstance(given[1], list) else ():
            self._budget.charge_text(len(str(given[0])) + (len(text) if isinstance(text, str) else 0))


class BoundedInterpreter(TreeInterpreter):
    """For one document and one budget; equality is ours, since the library's takes [1] for [true]."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget
        self._functions = _BoundedFunctions(budget)

    def visit(self, node: Node, *args: Any, **options: Any) -> Any:
        self._budget.charge(1)
        return super().visit(node, *args, **options)

    def visit_comparator(self, node: Node, value: Any) -> Any:
        operator = node["value"]
        if operator in ("eq", "ne"):
            left, right = (self.visit(child, value) for child in node["children"])
            return is_same(left, right, self._budget) is (operator == "eq")
        return super().visit_comparator(node, value)

    def visit_flatten(self, node: Node, value: Any) -> Any:
        child = node["children"][0]
        base = self.visit(child, value)
        if isinstance(base, list):
            self._budget.charge(sum(len(item) if isinstance(item, list) else 1 for item in base))
        return super().visit_flatten({**node, "children": [{"type": "literal", "value": base, "children": []}]}, value)

    def visit_slice(self, node: Node, value: Any) -> Any:
        if isinstance(value, list):
            self._budget.charge(len(value))
        return super().visit_slice(node, value)

    def visit_function_expression(self, node: Node, value: Any) -> Any:
        result = super().visit_function_expression(node, value)
        # A text may be the key that a sort compares, as often as a list repeats it.
        if isinstance(result, str):
            self._budget.charge_text(len(result))
        return result

    def visit_field(self, node: Node, value: Any) -> Any:
        result = super().visit_field(node, value)
        if isinstance(result, str):
            self._budget.charge_text(len(result))
        return result

    def visit_current(self, node: Node, value: Any) -> Any:
        if isinstance(value, str):
            self._budget.charge_text(len(value))
        return value
