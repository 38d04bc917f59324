"""The backlog: what waits for one browser that does not keep up, bounded by what its page shows."""

from collections.abc import Iterable, Mapping
from typing import Final

from webapp.live.frames import RESYNC, SUBSCRIPTION, Frame, fold

#: A page of all scans would let ever more of them wait; beyond this many it had better load its list again.
MOST_FRAMES: Final = 10_000
#: What is handed over at once: a browser that takes it slowly gets newer frames after it.
PIECE_BYTES: Final = 32 * 1024


class Backlog:
    """The newest frame of each scan, and the newest notice of each kind. Not safe without a lock."""

    __slots__ = ("_frames", "_notices")

    def __init__(self) -> None:
        self._frames: dict[str, Frame] = {}
        self._notices: dict[str, bytes] = {}

    def __bool__(self) -> bool:
        return bool(self._frames or self._notices)

    def tell(self, kind: str, text: bytes) -> None:
        """A slow reader need not see every time that Redis came and went."""
        self._notices[kind] = text

    def deliver(self, news: Mapping[str, Frame]) -> None:
        if self._frames:
            for frame in news.values():
                fold(self._frames, frame)
        else:
            self._frames = dict(news)
        if len(self._frames) > MOST_FRAMES:
            self._frames = {}
            self._notices[SUBSCRIPTION] = RESYNC

    def take(self) -> bytes:
        """The next piece, notices first; empty when nothing waits."""
        waiting = [*self._notices.values()]
        self._notices = {}
        size = sum(map(len, waiting))
        for scan_id in [*_first(self._frames, PIECE_BYTES - size)]:
            waiting.append(self._frames.pop(scan_id).text)
        return b"".join(waiting)


def pieces(news: Mapping[str, Frame]) -> Iterable[dict[str, Frame]]:
    """The news in their order, cut into parts that are small enough to be sent at once."""
    left = dict(news)
    while left:
        yield {scan_id: left.pop(scan_id) for scan_id in [*_first(left, PIECE_BYTES)]}


def _first(frames: Mapping[str, Frame], most_bytes: int) -> Iterable[str]:
    """At least one, so that it goes on however long a frame is."""
    for scan_id, frame in frames.items():
        yield scan_id
        most_bytes -= len(frame.text)
        if most_bytes <= 0:
            return
