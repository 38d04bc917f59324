"""A trial as the form shows it: the answer with every value that a condition may expect, and the verdict."""

from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import re2

from webapp.routes.answer_view import MAX_TEXT_BYTES, MAX_TREE_BYTES, text_of
from webapp.routes.json_tree import Node, read_tree
from webapp.routes.trial import Trial
from webapp.scans.exchange import MISSING
from webapp.scans.rules import Decision

#: A longer value is no good pattern.
_MAX_PATTERN: Final = 120
_WORDS: Final = {
    Decision.SUCCESS: ("succeeded", "This would be a good answer"),
    Decision.FAILURE: ("failed", "This would end the scan at once"),
    Decision.RETRY: ("waiting", "It would be asked again"),
}


class Header(NamedTuple):
    name: str
    value: str
    #: The line by which a rule would expect just this.
    condition: str


@dataclass(frozen=True, slots=True)
class TrialView:
    """``state`` and ``words`` say what would follow; ``text`` is None for what is no text."""

    trial: Trial
    state: str
    words: str
    tree: Node | None
    text: str | None
    is_cut: bool
    headers: list[Header]

    @classmethod
    def of(cls, trial: Trial) -> Self:
        exchange = trial.exchange
        state, words = _WORDS[trial.decision]
        has_tree = exchange.json is not MISSING and len(exchange.body) <= MAX_TREE_BYTES
        shown = exchange.body[:MAX_TEXT_BYTES]
        return cls(
            trial=trial,
            state=state,
            words=words,
            tree=read_tree(exchange.body) if has_tree else None,
            text=text_of(shown),
            is_cut=len(shown) < len(exchange.body),
            headers=[Header(name, value, _condition(name, value)) for name, value in exchange.headers],
        )

    @property
    def seconds(self) -> float:
        return sum(self.trial.exchange.phases.values()) / 1000


def _condition(name: str, value: str) -> str:
    is_plain = value.isprintable() and 0 < len(value) <= _MAX_PATTERN
    return f"{name}: ^{re2.escape(value)}$" if is_plain else name
