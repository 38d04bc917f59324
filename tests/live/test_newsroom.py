import itertools
import json
import math
import uuid
from collections.abc import Collection, Iterable, Mapping

import pytest

from tests.live.news import a_change
from webapp.live import newsroom, pace
from webapp.live.events import encode
from webapp.live.frames import Frame, told
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


@pytest.fixture
def house() -> House:
    return House()


def test_open_is_told_only_once_the_subscription_stands(house: House) -> None:
    early = house.join()
    assert early.events == []

    house.stands()
    late = house.join()

    assert early.events == late.events == ["open"]


def test_who_was_open_refreshes_after_a_loss_and_who_was_not_opens(house: House) -> None:
    house.stands()
    early = house.join()
    house.newsroom.lost()
    house.newsroom.lost()
    late = house.join()
    assert early.events == ["open", "lost"]
    assert late.events == []

    house.stands()

    assert early.events == ["resync"]
    assert late.events == ["open"]


def test_a_crowd_is_not_sent_to_web_in_one_moment(house: House) -> None:
    house.stands()
    crowd = [house.join(EVERYTHING) for _ in range(5)]
    house.newsroom.lost()
    assert all(listener.events == ["open", "lost"] for listener in crowd)

    house.newsroom.stands()
    house.newsroom.turn(100.0)
    heard = [listener for listener in crowd if listener.events == ["resync"]]
    assert len(heard) == 3 and house.newsroom.next_turn() == pytest.approx(100.1)
    house.newsroom.turn(100.09)
    late = [listener for listener in crowd if listener not in heard]
    assert [listener.events for listener in late] == [[], []]

    house.newsroom.leave(late[0])
    house.newsroom.turn(100.1)
    assert [listener.events for listener in late] == [[], ["resync"]]
    assert house.newsroom.next_turn() == math.inf


def test_a_subscription_that_is_lost_again_is_told_to_nobody_as_standing(house: House) -> None:
    house.newsroom.stands()
    house.newsroom.turn(100.0)
    crowd = [house.join(EVERYTHING) for _ in range(5)]
    house.newsroom.lost()
    house.newsroom.stands()
    house.newsroom.turn(200.0)
    house.newsroom.lost()

    house.newsroom.turn(300.0)

    assert sorted(listener.events[-1] for listener in crowd) == ["lost"] * 5
    assert house.newsroom.next_turn() == math.inf


def test_who_shows_some_scans_is_told_how_they_stand_before_it_may_trust_them(house: House) -> None:
    house.newsroom.stands()
    house.newsroom.turn(0)
    scope = Scope(frozenset([str(SCAN), str(OTHER_SCAN), "gone"]))
    pages = [Listener(scope), Listener(scope), Listener(ONE_SCAN)]
    for page in pages:
        house.newsroom.join(page)
    assert [page.events for page in pages] == [[], [], []]

    house.newsroom.leave(pages[1])
    house.states = {str(scan): told(a_change(scan, revision=7)) for scan in (SCAN, OTHER_SCAN, BATCH)}
    house.recall()

    assert pages[0].heard[0].count(b'"revision":7') == 2
    opening = json.loads(pages[0].heard[-1].partition(b"data: ")[2])
    assert opening["revisions"] == {str(SCAN): 7, str(OTHER_SCAN): 7}
    assert [page.events for page in pages] == [["scan", "scan", "open"], [], ["scan", "open"]]


def test_what_nobody_shows_need_not_be_read(house: House) -> None:
    house.stands()

    nothing = house.join(Scope(frozenset()))
    everything = house.join(EVERYTHING)

    assert b'"revisions":{}' in nothing.heard[0] and b"revisions" not in everything.heard[0]


def test_without_the_database_pages_are_told_to_read_for_themselves_a_few_at_a_time(house: House) -> None:
    house.stands()
    crowd = [house.join() for _ in range(5)]
    house.newsroom.lost()
    house.states = None
    for listener in crowd:
        listener.heard.clear()

    house.stands()

    heard = [b"".join(listener.heard) for listener in crowd]
    assert sum(b"event: resync" in text for text in heard) == 3
    assert not any(b"revisions" in text for text in heard)


def test_news_do_not_wait_until_a_crowd_is_told_how_its_scans_stand(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newsroom, "_MOST_ASKED_FOR", 4)
    monkeypatch.setattr(newsroom, "_MOST_ROUNDS", 9)
    monkeypatch.setattr(newsroom, "_MOST_TOLD", 3)
    scopes = [Scope(frozenset([str(scan), str(uuid.uuid4())])) for scan in (SCAN, OTHER_SCAN)]
    crowd = [house.join(scope) for scope in scopes for _ in range(5)]
    house.newsroom.stands()
    asked = []
    while house.newsroom.next_turn() == -math.inf:
        house.newsroom.turn(0.0)
        asked.append(len(house.rounds))
    assert asked == [4, 8, 10]

    numbers, house.rounds = set(house.rounds), []
    for number in sorted(numbers):
        house.newsroom.tell_states(number, {})
    house.newsroom.leave(crowd[0])
    house.receive((OTHER_SCAN, 7))
    told_of = []
    while house.newsroom.next_turn() == -math.inf:
        house.newsroom.turn(100.0)
        told_of.append(sum(listener.is_open for listener in crowd))

    assert max(later - earlier for earlier, later in itertools.pairwise([0, *told_of])) <= 4
    assert [listener.events for listener in crowd] == [[]] + [["open"]] * 4 + [["scan", "open"]] * 5
    assert not crowd[0].is_open


def test_who_comes_does_not_wait_for_a_whole_crowd(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newsroom, "_MOST_ROUNDS", 2)
    crowd = [Listener() for _ in range(9)]
    for listener in crowd:
        house.newsroom.join(listener)
    house.newsroom.stands()
    house.newsroom.turn(0.0)
    asked = len(set(house.rounds))
    assert asked == 2 and house.newsroom.next_turn() == math.inf

    late = Listener()
    house.newsroom.join(late)
    house.recall()

    assert late.events == ["open"] and not all(listener.is_open for listener in crowd)
    while house.rounds:
        house.recall()
    assert all(listener.is_open for listener in crowd)


def test_what_was_read_before_the_news_were_lost_again_is_told_to_nobody(house: House) -> None:
    house.newsroom.stands()
    page = Listener()
    house.newsroom.join(page)
    house.newsroom.lost()

    house.recall()

    assert page.events == [] and house.forgotten == 1


def test_who_was_about_to_be_told_when_the_news_were_lost_is_told_of_what_is_read_later(house: House) -> None:
    house.newsroom.stands()
    page = Listener()
    house.newsroom.join(page)
    house.newsroom.tell_states(house.rounds[0], {str(SCAN): told(a_change(SCAN, revision=1))})
    house.newsroom.lost()
    house.newsroom.turn(0)
    assert page.events == [] and house.newsroom.next_turn() == math.inf

    house.states = {str(SCAN): told(a_change(SCAN, revision=2))}
    house.stands()

    assert [b'"revision":2' in text for text in page.heard] == [True, False]
    assert page.events == ["scan", "open"]


def test_the_first_news_goes_at_once_and_what_follows_within_a_tick_together(house: House) -> None:
    house.stands()
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
    house.stands()
    first = house.join(EVERYTHING)
    assert house.asked == [None]
    house.newsroom.tell_counts(None, {"queued": 1})
    house.newsroom.turn(0.0)
    house.newsroom.turn(0.1)
    assert first.events == ["open", "counts"]

    second = house.join(EVERYTHING)
    assert house.asked == [None]
    assert second.events == ["open", "counts"]
    assert first.events == []

    house.receive((SCAN, 1))
    house.newsroom.turn(1)
    assert set(house.asked) == {None, str(BATCH)}
    third = house.join(EVERYTHING)
    assert third.events == ["open"]


def test_counts_from_before_a_loss_are_told_to_nobody_after_it(house: House) -> None:
    house.stands()
    house.join(EVERYTHING)
    house.newsroom.tell_counts(None, {"queued": 1})
    house.newsroom.turn(0)

    house.newsroom.lost()
    house.stands()

    later = house.join(EVERYTHING)
    house.newsroom.turn(1)
    assert later.events == ["open"] and house.newsroom.next_turn() == math.inf


def test_counts_go_along_with_news_or_a_little_later_by_themselves(house: House) -> None:
    house.stands()
    everything, page = house.join(EVERYTHING), house.join(Scope(frozenset([str(OTHER_SCAN)]), counts=frozenset([None])))
    for listener in (everything, page):
        listener.heard.clear()
    house.newsroom.tell_counts(None, {"queued": 1})
    house.newsroom.turn(100.0)
    assert everything.heard == page.heard == [] and house.newsroom.next_turn() == pytest.approx(100.1)

    house.receive((SCAN, 1))
    house.newsroom.turn(100.02)
    assert len(everything.heard) == 1
    assert (everything.events, page.events) == (["scan", "counts"], ["counts"])

    house.newsroom.tell_counts(None, {"queued": 0})
    house.newsroom.turn(200.0)
    house.newsroom.turn(200.1)
    assert everything.events == page.events == ["counts"]
