"""The mailbox: what one tick brings to all the streams of a scope, put together once however many they are."""

from collections.abc import Mapping
from typing import Protocol

from webapp.live.backlog import pieces
from webapp.live.frames import Frame, fold
from webapp.live.scope import Scope


class Stream(Protocol):
    """A browser's end of it; nothing here ever waits for the browser."""

    @property
    def scope(self) -> Scope: ...

    #: Whether it was told that the subscription stands.
    is_open: bool

    def deliver(self, text: bytes, news: Mapping[str, Frame]) -> None:
        """News, as the text to be sent and as the frames to be kept if it cannot be."""

    def tell(self, kind: str, text: bytes) -> None:
        """A notice; if it has to wait, a later one of its kind takes its place."""

    def end(self, farewell: bytes) -> None:
        """What waits still goes out if it can, then the farewell, then nothing."""


class Mailbox:
    """Holds the newest frame of each scan until the tick."""

    __slots__ = ("_fresh", "scope", "streams")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.streams: set[Stream] = set()
        self._fresh: dict[str, Frame] = {}

    def put(self, frame: Frame) -> None:
        fold(self._fresh, frame)

    def flush(self) -> None:
        fresh, self._fresh = self._fresh, {}
        for news in pieces(fresh):
            text = b"".join(frame.text for frame in news.values())
            for stream in self.streams:
                stream.deliver(text, news)
