import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.live.browser import PATIENCE_SECONDS
from webapp.live.tally import Tally

PAUSE_SECONDS = 0.1


class Listener:
    """Awaits the counts of some batches, and remembers what was told and when."""

    def __init__(self) -> None:
        self.awaited: set[str | None] = {None}
        self.told: queue.Queue[tuple[str | None, float]] = queue.Queue()

    def tell(self, batch_id: str | None, _counts: Mapping[str, int]) -> None:
        self.told.put((batch_id, time.monotonic()))

    def next(self) -> tuple[str | None, float]:
        return self.told.get(timeout=PATIENCE_SECONDS)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def a_tally(listener: Listener) -> Iterator[Callable[..., Tally]]:
    tallies = []

    def start(count: Callable[[str | None], Mapping[str, int]] = lambda _: {"queued": 1}) -> Tally:
        tally = Tally(count, listener.tell, is_awaited=listener.awaited.__contains__, pause_seconds=PAUSE_SECONDS)
        tallies.append(tally)
        tally.start()
        return tally

    yield start
    for tally in tallies:
        tally.close()


def test_however_often_scans_change_they_are_counted_at_the_pace_only(
    a_tally: Callable[..., Tally], listener: Listener
) -> None:
    tally = a_tally()
    moments: list[float] = []

    while len(moments) < 4:
        tally.changed({None})
        if not listener.told.empty():
            moments.append(listener.next()[1])

    gaps = [later - earlier for earlier, later in zip(moments, moments[1:], strict=False)]
    assert min(gaps) > PAUSE_SECONDS * 0.9


def test_what_nobody_awaits_is_not_counted(a_tally: Callable[..., Tally], listener: Listener) -> None:
    counted: list[str | None] = []
    tally = a_tally(lambda batch_id: counted.append(batch_id) or {})  # type: ignore[func-returns-value]

    tally.changed({"unseen", None})
    listener.next()
    tally.changed({None})
    listener.next()

    assert counted == [None, None]


def test_a_count_that_failed_does_not_end_the_others(
    a_tally: Callable[..., Tally], listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.live.tally._RETRY_SECONDS", 0.01)
    answers = iter([RuntimeError("the database is away"), {"queued": 1}])

    def count(_batch_id: str | None) -> Mapping[str, int]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    a_tally(count).changed({None})

    assert listener.next()[0] is None


def test_a_tally_that_was_closed_counts_no_more(a_tally: Callable[..., Tally]) -> None:
    called = threading.Event()
    tally = a_tally(lambda _: called.set() or {})  # type: ignore[func-returns-value]

    tally.close()
    tally.changed({None})

    assert not called.wait(PAUSE_SECONDS)
