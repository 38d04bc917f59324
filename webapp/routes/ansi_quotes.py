"""Reads what stands between bash's ``$'`` and ``'``, in which browsers write all that is no plain text."""

import re
from typing import Final

_ONE: Final = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PIECE: Final = re.compile(
    r"[^\\']+|\\x(?P<byte>[0-9a-fA-F]{1,2})|\\u(?P<short>[0-9a-fA-F]{1,4})|\\U(?P<long>[0-9a-fA-F]{1,8})"
    r"|\\(?P<octal>[0-7]{1,3})|\\c(?P<control>.)|\\(?P<one>.)",
    re.DOTALL,
)


def read_ansi_quotes(text: str, at: int) -> tuple[str, int] | None:
    """What it means, and the position behind the closing quote; None when there is none."""
    parts: list[str] = []
    while (piece := _PIECE.match(text, at)) is not None:
        parts.append(_meaning(piece))
        at = piece.end()
    return (_text("".join(parts)), at + 1) if text[at : at + 1] == "'" else None


def _meaning(piece: re.Match[str]) -> str:
    kind = piece.lastgroup
    if kind is None:
        return piece[0]
    value = piece[kind]
    match kind:
        case "byte" | "octal":
            return _byte(int(value, 16 if kind == "byte" else 8) & 0xFF)
        case "short" | "long":
            code = int(value, 16)
            return chr(code) if code <= 0x10FFFF else "\N{REPLACEMENT CHARACTER}"
        case "control":
            return chr(ord(value) & 0x1F)
        case _:
            # \\ and \' and \" and \? stand for themselves; of an unknown one the backslash stays.
            return _ONE.get(value) or (value if value in "\\'\"?" else piece[0])


def _byte(value: int) -> str:
    """Bytes beyond ASCII may be parts of one character: they are marked until all are there."""
    return chr(value) if value < 0x80 else chr(0xDC00 + value)


def _text(marked: str) -> str:
    """Bytes as UTF-8 where they are; else each as the character of its number, as browsers mean them that write so."""
    try:
        return marked.encode("utf-8", "surrogateescape").decode()
    except UnicodeError:
        pass
    joined = marked.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return re.sub("[\udc80-\udcff]", lambda byte: chr(ord(byte[0]) - 0xDC00), joined)
