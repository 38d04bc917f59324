"""A stored answer as the scan's page shows it: a tree, or text, or only its size."""

from dataclasses import dataclass
from typing import Final

from webapp.routes.json_tree import Node, read_tree
from webapp.scans.models import Answer

#: Above this a body is not parsed for a page; it can be downloaded.
MAX_TREE_BYTES: Final = 1024 * 1024
MAX_TEXT_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class AnswerView:
    """``text`` is None for what is no text; ``is_cut`` when the page shows less than is stored."""

    answer: Answer
    tree: Node | None
    text: str | None
    is_cut: bool

    @classmethod
    def of(cls, answer: Answer) -> "AnswerView":
        has_tree = answer.is_json and len(answer.body) <= MAX_TREE_BYTES
        shown = answer.body[:MAX_TEXT_BYTES]
        tree = read_tree(answer.body) if has_tree else None
        return cls(answer, tree, text_of(shown), len(shown) < len(answer.body))

    @property
    def size(self) -> int:
        return len(self.answer.body)


def text_of(body: bytes) -> str | None:
    """None for what is no text."""
    text = body.decode("utf-8", "replace")
    # A cut may fall within one character; many replacements, or a NUL, are no text.
    return None if "\0" in text or text.count("\ufffd") > 1 + len(text) // 20 else text
