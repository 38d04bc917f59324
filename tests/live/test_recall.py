"""States are read in rounds, later than they were asked for, and never all at once."""

import datetime as dt
import queue
import threading
import uuid
from collections.abc import Collection, Iterator

import pytest

from tests.live.browser import PATIENCE_SECONDS
from tests.live.news import a_change
from webapp.live import recall
from webapp.live.recall import Frames, Reading, Recall


class House:
    """A recall whose database answers when it may; remembers what was asked and told."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.told: queue.Queue[tuple[int, Frames]] = queue.Queue()
        self.may_read = threading.Semaphore(0)
        self.reading = threading.Semaphore(0)
        self.failure: Exception | None = None
        self.recall = Recall(self._read, lambda number, frames: self.told.put((number, frames)))
        self.recall.start()

    def _read(self, scan_ids: Collection[str]) -> Reading:
        self.asked.append([*scan_ids])
        self.reading.release()
        assert self.may_read.acquire(timeout=PATIENCE_SECONDS)
        if self.failure:
            raise self.failure
        return dt.datetime.now(dt.UTC), [a_change(uuid.UUID(scan_id), revision=3) for scan_id in scan_ids]

    def next(self) -> tuple[int, Frames]:
        return self.told.get(timeout=PATIENCE_SECONDS)


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    house.may_read.release(1000)
    house.recall.close()


def ids(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


def test_who_asks_while_others_are_read_for_gets_what_was_read_later(house: House) -> None:
    (scan_id,) = ids(1)
    first = house.recall.ask([scan_id])
    assert house.reading.acquire(timeout=PATIENCE_SECONDS)
    second = house.recall.ask([scan_id])
    third = house.recall.ask([scan_id])
    house.may_read.release(2)

    assert [house.next()[0], house.next()[0]] == [first, second]
    assert second == third != first
    assert house.asked == [[scan_id], [scan_id]]


def test_frames_tell_how_the_scans_stand(house: House) -> None:
    house.may_read.release()
    (scan_id,) = ids(1)

    house.recall.ask([scan_id])

    _, frames = house.next()
    assert frames is not None and frames[scan_id].revision == 3
    text = frames[scan_id].text
    assert text.startswith(b"event: scan\ndata: {") and text.endswith(b"}\n\n") and b"id: " not in text


def test_nobody_waits_for_more_than_a_round_and_the_database_is_asked_for_few_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall, "_MOST_OF_A_ROUND", 10)
    monkeypatch.setattr(recall, "_CHUNK", 4)
    house.recall.ask(ids(1))
    assert house.reading.acquire(timeout=PATIENCE_SECONDS)

    numbers = [house.recall.ask(ids(5)) for _ in range(5)]
    house.may_read.release(100)

    assert numbers == [2, 2, 3, 3, 4]
    assert [house.next()[0] for _ in range(4)] == [1, 2, 3, 4]
    assert [len(asked) for asked in house.asked] == [1, 4, 4, 2, 4, 4, 2, 4, 1]


def test_who_cannot_be_told_hears_of_it_and_the_next_are_served(house: House) -> None:
    house.failure = RuntimeError("the database is away")
    house.may_read.release(2)
    house.recall.ask(ids(1))
    assert house.next() == (1, None)

    house.failure = None
    house.recall.ask(ids(1))

    assert house.next()[1] is not None


def test_what_nobody_waits_for_any_more_is_not_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "_MOST_OF_A_ROUND", 1)
    being_read, missed, asked = ids(3)
    house.recall.ask([being_read])
    assert house.reading.acquire(timeout=PATIENCE_SECONDS)
    house.recall.ask([missed])

    house.recall.forget()
    number = house.recall.ask([asked])
    house.may_read.release(2)

    assert [house.next()[0], house.next()[0]] == [1, number]
    assert house.asked == [[being_read], [asked]]
