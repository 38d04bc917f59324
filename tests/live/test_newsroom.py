"""What a newsroom tells to whom, and in which tick."""

import math
import uuid

import pytest

from tests.live.newsroom_house import BATCH, EVERYTHING, OTHER_SCAN, SCAN, House
from webapp.live import pace
from webapp.live.scope import Scope


@pytest.fixture
def house() -> House:
    return House()


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
