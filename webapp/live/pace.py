"""The pace: how often a hub does what, and for how long it bears with whom."""

from dataclasses import dataclass
from typing import Final

#: Streams beyond which a tick takes twice as long, for then sending fills a good part of it.
CROWD: Final = 2_000
#: Between two looks of a page at what the stream does not tell: at least, and for each stream beside it.
_LOOK_MS: Final = 2_000
_LOOK_MS_EACH: Final = 8
#: Streams of one session or token; a browser needs one for all its tabs, and an old one may be about to end.
MAX_OF_AN_OWNER: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Tests and benchmarks have their own."""

    #: Routers cut what is silent for 30 to 55 seconds.
    heartbeat_seconds: float = 15.0
    #: News of one scan within this time is told once; the first after quiet goes at once.
    tick_seconds: float = 0.05
    counts_seconds: float = 0.5
    #: Counts that no news takes along go by themselves after so long.
    counts_wait_seconds: float = 0.1
    #: So many at a time, with such a pause between, are told to read their lists again: web has to serve them all.
    welcomes: int = 25
    welcome_seconds: float = 0.1
    #: Without a word from Redis for this long it is asked, and again this long later it is taken for lost.
    quiet_seconds: float = 5.0
    #: A browser that has taken nothing for so long, though something waits for it, is cut off.
    patience_seconds: float = 30.0
    #: How long a hub that closes waits for its threads and those that write to browsers.
    farewell_seconds: float = 2.0

    def tick(self, streams: int) -> float:
        return self.tick_seconds if streams <= CROWD else 2 * self.tick_seconds

    def look_ms(self, streams: int) -> int:
        return max(_LOOK_MS, _LOOK_MS_EACH * streams)
