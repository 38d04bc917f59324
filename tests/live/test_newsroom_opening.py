"""When a newsroom tells its streams that they may be trusted: at first, and after news was missed."""

import itertools
import json
import math
import uuid

import pytest

from tests.live.news import a_change
from tests.live.newsroom_house import BATCH, EVERYTHING, ONE_SCAN, OTHER_SCAN, SCAN, House, Listener
from webapp.live import newsroom
from webapp.live.frames import told
from webapp.live.scope import Scope


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
