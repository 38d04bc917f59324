"""A newsroom with streams that remember what they were told, and a database that answers when it is asked to."""

import itertools
import math
import uuid
from collections.abc import Collection, Iterable, Mapping

from tests.live.news import a_change
from webapp.live.events import encode
from webapp.live.frames import Frame
from webapp.live.newsroom import Newsroom
from webapp.live.pace import Pace
from webapp.live.scope import Scope

SCAN, OTHER_SCAN, BATCH = (uuid.uuid4() for _ in range(3))
EVERYTHING, ONE_SCAN = Scope(), Scope(frozenset([str(SCAN)]))


class Listener:
    """A stream that remembers what it was told."""

    def __init__(self, scope: Scope = ONE_SCAN) -> None:
        self.scope = scope
        self.is_open = False
        self.heard: list[bytes] = []

    def deliver(self, text: bytes, _news: Mapping[str, Frame]) -> None:
        self.heard.append(text)

    def tell(self, _kind: str, text: bytes) -> None:
        self.heard.append(text)

    def end(self, farewell: bytes) -> None:
        self.heard.append(farewell)

    @property
    def events(self) -> list[str]:
        """The names of those heard since the last time."""
        text, self.heard = b"".join(self.heard), []
        return [line.removeprefix("event: ") for line in text.decode().splitlines() if line.startswith("event: ")]


class House:
    def __init__(self) -> None:
        self.asked: list[str | None] = []
        #: How scans stand in the database, None while it is away; and the rounds that are still to be told of it.
        self.states: dict[str, Frame] | None = {}
        self.rounds: list[int] = []
        self._asked = itertools.count()
        self.forgotten = 0
        self.newsroom = Newsroom(
            Pace(tick_seconds=0.05, welcomes=3),
            ask_for_counts=self._ask,
            ask_for_states=self._ask_for_states,
            forget_states=self._forget_states,
            server_time=lambda: "now",
        )

    def _ask(self, batch_ids: Iterable[str | None]) -> None:
        self.asked += batch_ids

    def _ask_for_states(self, _scan_ids: Collection[str]) -> int:
        """Two streams share a round."""
        self.rounds.append(next(self._asked) // 2)
        return self.rounds[-1]

    def _forget_states(self) -> None:
        self.rounds.clear()
        self.forgotten += 1

    def join(self, scope: Scope = ONE_SCAN) -> Listener:
        listener = Listener(scope)
        self.newsroom.join(listener)
        self.recall()
        return listener

    def stands(self) -> None:
        """And everybody was told."""
        self.newsroom.stands()
        self.newsroom.turn(-math.inf)
        while self.rounds:
            self.recall()

    def recall(self) -> None:
        rounds, self.rounds = sorted(set(self.rounds)), []
        for number in rounds:
            self.newsroom.tell_states(number, self.states)
        self.newsroom.turn(-math.inf)

    def receive(self, *changes: tuple[uuid.UUID, int]) -> None:
        for scan_id, revision in changes:
            self.newsroom.receive(encode(a_change(scan_id, revision=revision, batch_id=BATCH)))
