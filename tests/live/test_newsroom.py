import uuid
from collections.abc import Iterable, Mapping

import pytest

from tests.live.news import a_change
from webapp.live import pace
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
        self.newsroom = Newsroom(Pace(tick_seconds=0.05), ask_for_counts=self._ask)

    def _ask(self, batch_ids: Iterable[str | None]) -> None:
        self.asked += batch_ids

    def join(self, scope: Scope = ONE_SCAN) -> Listener:
        listener = Listener(scope)
        self.newsroom.join(listener, "now")
        return listener

    def receive(self, *changes: tuple[uuid.UUID, int]) -> None:
        for scan_id, revision in changes:
            self.newsroom.receive(encode(a_change(scan_id, revision=revision, batch_id=BATCH)))


@pytest.fixture
def house() -> House:
    return House()


def test_open_is_told_only_once_the_subscription_stands(house: House) -> None:
    early = house.join()
    assert early.events == []

    house.newsroom.stands("now")
    late = house.join()

    assert early.events == late.events == ["open"]


def test_who_was_open_refreshes_after_a_loss_and_who_was_not_opens(house: House) -> None:
    house.newsroom.stands("now")
    early = house.join()
    house.newsroom.lost()
    house.newsroom.lost()
    late = house.join()
    assert early.events == ["open", "lost"]
    assert late.events == []

    house.newsroom.stands("now")

    assert early.events == ["resync"]
    assert late.events == ["open"]


def test_the_first_news_goes_at_once_and_what_follows_within_a_tick_together(house: House) -> None:
    house.newsroom.stands("now")
    page, everything = house.join(), house.join(EVERYTHING)
    assert page.events == everything.events == ["open"]

    house.receive((SCAN, 1))
    house.newsroom.turn(100.0)
    assert page.events == everything.events == ["scan"]

    house.receive((SCAN, 2), (OTHER_SCAN, 1), (SCAN, 3))
    assert house.newsroom.next_turn() == pytest.approx(100.05)
    house.newsroom.turn(100.04)
    assert page.events == everything.events == []

    house.newsroom.turn(100.05)
    assert b'"revision":3' in b"".join(page.heard)
    assert len(everything.heard) == 1
    assert page.events == ["scan"]
    assert everything.events == ["scan", "scan"]


def test_beside_many_streams_a_tick_takes_twice_as_long(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "CROWD", 2)
    for _ in range(3):
        house.join()
    house.receive((SCAN, 1))
    house.newsroom.turn(100.0)

    house.receive((SCAN, 2))

    assert house.newsroom.next_turn() == pytest.approx(100.1)


def test_streams_of_one_scope_share_what_is_put_together(house: House) -> None:
    pages = [house.join(Scope(frozenset([str(SCAN), str(OTHER_SCAN)]))) for _ in range(3)]

    house.receive((SCAN, 1), (OTHER_SCAN, 1))
    house.newsroom.turn(0)

    first, *others = (page.heard[0] for page in pages)
    assert all(text is first for text in others)


def test_much_news_comes_in_pieces_that_a_connection_can_take(house: House) -> None:
    page = house.join(EVERYTHING)

    house.receive(*((uuid.uuid4(), 1) for _ in range(500)))
    house.newsroom.turn(0)

    assert len(page.heard) > 2
    assert max(map(len, page.heard)) < 40_000
    assert page.events == ["scan"] * 500


def test_whoever_left_hears_nothing_and_costs_nothing(house: House) -> None:
    page, other = house.join(), house.join(EVERYTHING)
    house.newsroom.leave(page)
    house.newsroom.leave(page)

    house.receive((SCAN, 1))
    house.newsroom.turn(0)

    assert page.heard == []
    assert other.events == ["scan"]
    assert len(house.newsroom.audience) == 1
    house.newsroom.leave(other)
    assert not house.newsroom.audience.awaits_counts(None)


def test_counts_are_taken_once_for_many_who_come_and_again_after_news(house: House) -> None:
    house.newsroom.stands("now")
    first = house.join(EVERYTHING)
    assert house.asked == [None]
    house.newsroom.tell_counts(None, {"queued": 1})
    assert first.events == ["open", "counts"]

    second = house.join(EVERYTHING)
    assert house.asked == [None]
    assert second.events == ["open", "counts"]
    assert first.events == []

    house.receive((SCAN, 1))
    house.newsroom.turn(0)
    assert set(house.asked) == {None, str(BATCH)}
    third = house.join(EVERYTHING)
    assert third.events == ["open"]


def test_counts_from_before_a_loss_are_told_to_nobody_after_it(house: House) -> None:
    house.newsroom.stands("now")
    house.join(EVERYTHING)
    house.newsroom.tell_counts(None, {"queued": 1})

    house.newsroom.lost()
    house.newsroom.stands("now")

    assert house.join(EVERYTHING).events == ["open"]
