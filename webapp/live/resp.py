"""Reads what Redis sends to a subscriber, however the network cuts it; in protocol 2, where news are plain arrays."""

from typing import Any, Final

#: Not yet all of it.
_PART: Final = object()


class MalformedReply(Exception):
    """This is not the protocol."""


class Replies:
    """Takes bytes as they come, gives whole replies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> list[Any]:
        """Those that are whole now; raises MalformedReply."""
        self._buffer += chunk
        replies: list[Any] = []
        at = 0
        while at < len(self._buffer):
            reply, end = self._read(at)
            if reply is _PART:
                break
            replies.append(reply)
            at = end
        del self._buffer[:at]
        return replies

    def _read(self, at: int) -> tuple[Any, int]:
        line_end = self._buffer.find(b"\r\n", at)
        if line_end < 0:
            return _PART, at
        kind, word = bytes(self._buffer[at : at + 1]), bytes(self._buffer[at + 1 : line_end])
        if kind in (b"+", b"-"):
            return word, line_end + 2
        try:
            number = int(word)
        except ValueError:
            raise MalformedReply(f"{word[:20]!r} is no number") from None
        match kind:
            case b":":
                return number, line_end + 2
            case b"$":
                return self._read_text(line_end + 2, number)
            case b"*":
                return self._read_array(line_end + 2, number)
        raise MalformedReply(f"{kind!r} begins no reply")

    def _read_text(self, at: int, length: int) -> tuple[Any, int]:
        if length < 0:
            return None, at
        end = at + length
        return (bytes(self._buffer[at:end]), end + 2) if len(self._buffer) >= end + 2 else (_PART, at)

    def _read_array(self, at: int, length: int) -> tuple[Any, int]:
        values = []
        for _ in range(length):
            value, at = self._read(at)
            if value is _PART:
                return _PART, at
            values.append(value)
        return values, at
