"""The answer that a rule judges, with what its conditions share: the body as text, and the budget of their work."""

import re
from functools import cached_property
from typing import Any, Final

from webapp.scans.exchange import MISSING, Exchange
from webapp.scans.rules.budget import Budget

_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.ASCII | re.IGNORECASE)
#: Character sets with a decoder that takes linear time; Python has others, such as punycode.
_DECODED: Final = re.compile(
    r"(iso-?8859-?\d{1,2}|latin-?1|windows-?125\d|cp125\d|koi8-[ru]|utf-?16(-?[lb]e)?|shift[-_]?jis|euc-?(jp|kr)"
    r"|gb(k|2312|18030)|big5)",
    re.IGNORECASE,
)


class Subject:
    """One exchange under one verdict."""

    def __init__(self, exchange: Exchange, budget: Budget) -> None:
        self.exchange, self.budget = exchange, budget

    @property
    def json(self) -> Any:
        return self.exchange.json

    @property
    def promises_json(self) -> bool:
        """A body that was cut cannot be parsed, and an empty one has nothing to say: neither is held to its promise."""
        kind = self.exchange.content_type.partition(";")[0].strip().lower()
        is_json = kind == "application/json" or kind.endswith("+json")
        return is_json and bool(self.exchange.body) and not self.exchange.is_truncated

    @property
    def breaks_its_promise(self) -> bool:
        return self.promises_json and self.json is MISSING

    @cached_property
    def body_utf8(self) -> bytes:
        """The body for regular expressions."""
        found = _CHARSET.search(self.exchange.content_type)
        if found and _DECODED.fullmatch(found[1]):
            return self.exchange.body.decode(found[1], "replace").encode()
        return self.exchange.body

    def header_values(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for header, value in self.exchange.headers if header.lower() == wanted]
