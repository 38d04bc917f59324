import datetime as dt
import logging
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping

import pytest
import redis

from tests.live.browser import PATIENCE_SECONDS, Browser, split
from tests.live.news import a_change, tell
from tests.valkey_server import ValkeyServer
from webapp.live.events import CHANNEL, encode
from webapp.live.hub import Hub
from webapp.live.pace import Pace
from webapp.live.places import StreamRefused
from webapp.live.recall import Reading
from webapp.live.scope import Scope
from webapp.scans.change import Change

#: Long enough that no heartbeat and no PING comes into a test that is not about them.
CALM = Pace(heartbeat_seconds=60, counts_seconds=0.01, quiet_seconds=60)
SCAN, OTHER_SCAN, BATCH, OTHER_BATCH = (uuid.uuid4() for _ in range(4))


class House:
    """A hub and the browsers at it, which it either sends to or is pulled by; ``counted`` gets each counted batch."""

    def __init__(self, redis_url: str, pace: Pace, *, is_pulled: bool, max_streams: int) -> None:
        self.counted: queue.Queue[str | None] = queue.Queue()
        #: How scans stand in the database.
        self.states: list[Change] = []
        #: What the database's clock is ahead.
        self.ahead = dt.timedelta()
        self.recalled: queue.Queue[Collection[str]] = queue.Queue()
        self.may_count, self.may_recall = threading.Event(), threading.Event()
        self.may_count.set()
        self.may_recall.set()
        self._is_pulled = is_pulled
        limits = {"max_streams": max_streams, "max_of_an_owner": 2, "max_pulled": max_streams}
        self.hub = Hub(redis_url, self._count, self._recall, pace=pace, **limits)

    def open(self, scope: Scope | None = None) -> Browser:
        return self._pulled(scope or Scope()) if self._is_pulled else self._adopted(scope or Scope())

    def _pulled(self, scope: Scope) -> Browser:
        stream = self.hub.pull(scope, None, owner=None)

        def chunks() -> Iterator[bytes]:
            yield from self.hub.chunks(stream)
            self.hub.leave(stream)

        return Browser(split(chunks()))

    def _adopted(self, scope: Scope) -> Browser:
        server, client = socket.socketpair()
        try:
            self.hub.adopt(server, scope, b"", owner=None)
        except StreamRefused:
            client.close()
            server.close()
            raise
        return Browser(client.makefile("rb"), lambda: client.shutdown(socket.SHUT_RDWR))

    def next_counted(self) -> str | None:
        return self.counted.get(timeout=PATIENCE_SECONDS)

    def _count(self, batch_id: str | None) -> Mapping[str, int]:
        assert self.may_count.wait(PATIENCE_SECONDS)
        self.counted.put(batch_id)
        return {"queued": 3}

    def _recall(self, scan_ids: Collection[str]) -> Reading:
        self.recalled.put(scan_ids)
        assert self.may_recall.wait(PATIENCE_SECONDS)
        now = dt.datetime.now(dt.UTC) + self.ahead
        return now, [change for change in self.states if str(change.id) in scan_ids]


@pytest.fixture(params=["adopted", "pulled"])
def a_house(request: pytest.FixtureRequest) -> Iterator[Callable[..., House]]:
    houses = []

    def build(redis_url: str, pace: Pace = CALM, max_streams: int = 100) -> House:
        houses.append(House(redis_url, pace, is_pulled=request.param == "pulled", max_streams=max_streams))
        return houses[-1]

    yield build
    for house in houses:
        house.may_count.set()
        house.may_recall.set()
        house.hub.close()


@pytest.fixture
def house(a_house: Callable[..., House], redis_url: str) -> House:
    return a_house(redis_url)


def an_open_page(house: House, scope: Scope | None = None) -> Browser:
    browser = house.open(scope)
    browser.wait_for("open")
    return browser


def test_an_event_goes_out_as_it_was_published(house: House, news: redis.Redis) -> None:
    browser = an_open_page(house)
    change = a_change(SCAN, batch_id=BATCH)

    tell(news, change)

    event = browser.wait_for("scan")
    assert event.line.encode() == encode(change)
    assert event.id is not None


@pytest.mark.parametrize(
    ("scope", "shown"),
    [
        (Scope(), {(SCAN, BATCH), (OTHER_SCAN, OTHER_BATCH), (OTHER_SCAN, None)}),
        (Scope(batch_id=str(BATCH)), {(SCAN, BATCH)}),
        (Scope(frozenset([str(SCAN)])), {(SCAN, BATCH)}),
        (
            Scope(frozenset([str(SCAN), str(OTHER_SCAN)])),
            {(SCAN, BATCH), (OTHER_SCAN, OTHER_BATCH), (OTHER_SCAN, None)},
        ),
    ],
)
def test_a_page_hears_of_the_scans_it_shows_and_of_no_other(
    house: House, news: redis.Redis, scope: Scope, shown: set[tuple[uuid.UUID, uuid.UUID | None]]
) -> None:
    browser, witness = an_open_page(house, scope), an_open_page(house)
    scans = [(SCAN, BATCH), (OTHER_SCAN, OTHER_BATCH), (OTHER_SCAN, None)]

    for revision, (scan_id, batch_id) in enumerate(scans, start=1):
        tell(news, a_change(scan_id, batch_id=batch_id, revision=revision))
        witness.wait_for_scan(str(scan_id), revision)
    house.hub.close()
    browser.wait_for_end()

    heard = {(event.data["id"], event.data["batch_id"]) for event in browser.named("scan")}
    assert heard == {(str(scan_id), str(batch_id) if batch_id else None) for scan_id, batch_id in shown}


def test_of_a_burst_each_page_hears_the_first_at_once_and_then_the_newest(house: House, news: redis.Redis) -> None:
    browser = an_open_page(house)

    tell(news, a_change(SCAN))
    browser.wait_for_scan(str(SCAN))
    tell(news, *(a_change(SCAN, revision=revision) for revision in range(2, 501)))

    browser.wait_for_scan(str(SCAN), 500)
    assert len(browser.named("scan")) < 50


def test_after_quiet_an_event_does_not_wait_for_the_tick(
    a_house: Callable[..., House], redis_url: str, news: redis.Redis
) -> None:
    browser = an_open_page(a_house(redis_url, Pace(tick_seconds=10 * PATIENCE_SECONDS)))

    tell(news, a_change(SCAN))

    browser.wait_for_scan(str(SCAN))


def test_a_tick_bounds_how_often_a_page_hears_of_a_scan_that_never_rests(
    a_house: Callable[..., House], redis_url: str, news: redis.Redis
) -> None:
    house = a_house(redis_url, Pace(heartbeat_seconds=60, tick_seconds=0.1))
    browser = an_open_page(house)

    revision = 0
    while len(browser.named("scan")) < 4:
        revision += 1
        tell(news, a_change(SCAN, revision=revision))

    moments = [event.at for event in browser.named("scan")]
    # The second and later: the reader of the first may have been late.
    assert moments[3] - moments[0] > 0.2


def test_the_first_bytes_come_before_the_subscription_stands_and_open_only_after(
    a_house: Callable[..., House], valkey: ValkeyServer
) -> None:
    valkey.stop()
    browser = a_house(valkey.url, Pace(heartbeat_seconds=0.05)).open()
    assert browser.wait_for("comment").retry is not None
    browser.wait_for("comment", 3)
    assert not browser.named("open")

    valkey.start()

    opened = browser.wait_for("open")
    assert valkey.client().pubsub_numsub(CHANNEL) == [(CHANNEL.encode(), 1)]
    assert opened.data["epoch"]
    assert opened.data["server_time"].endswith("Z")
    assert not browser.named("resync")
    assert not browser.named("lost")


def test_pages_of_one_process_hear_the_same_epoch_and_of_another_process_another(
    a_house: Callable[..., House], redis_url: str
) -> None:
    house, other_house = a_house(redis_url), a_house(redis_url)

    epochs = [an_open_page(each).wait_for("open").data["epoch"] for each in (house, house, other_house)]

    assert epochs[0] == epochs[1] != epochs[2]


def test_when_redis_is_back_every_page_is_told_to_refresh_and_misses_nothing_from_then_on(
    a_house: Callable[..., House], valkey: ValkeyServer
) -> None:
    house = a_house(valkey.url)
    browsers = [an_open_page(house), an_open_page(house, Scope(frozenset([str(SCAN)])))]

    valkey.kill()
    for browser in browsers:
        browser.wait_for("lost")
    valkey.start()
    browsers[0].wait_for("resync")
    tell(valkey.client(), a_change(SCAN))

    for browser in browsers:
        browser.wait_for_scan(str(SCAN))
        assert len(browser.named("resync")) == len(browser.named("lost")) == len(browser.named("open")) == 1


def test_a_page_opened_while_redis_is_away_opens_when_it_is_back(
    a_house: Callable[..., House], valkey: ValkeyServer
) -> None:
    house = a_house(valkey.url)
    early = an_open_page(house)
    valkey.kill()
    early.wait_for("lost")

    late = house.open()
    late.wait_for("comment")
    valkey.start()

    late.wait_for("open")
    early.wait_for("resync")
    assert not late.named("resync")


def test_a_redis_that_hangs_is_lost_too(a_house: Callable[..., House], valkey: ValkeyServer) -> None:
    browser = an_open_page(a_house(valkey.url, Pace(quiet_seconds=0.05)))

    with valkey.frozen():
        browser.wait_for("lost")

    browser.wait_for("resync")


def test_a_malformed_event_is_logged_and_dropped(
    house: House, news: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    browser = an_open_page(house)

    with caplog.at_level(logging.WARNING):
        news.publish(CHANNEL, "not an event")
        tell(news, a_change(SCAN))
        browser.wait_for_scan(str(SCAN))

    assert "malformed event dropped" in caplog.text
    assert "not an event" not in caplog.text


def test_a_page_with_counts_gets_them_when_it_opens_and_after_a_change(house: House, news: redis.Redis) -> None:
    everything, batch = an_open_page(house), an_open_page(house, Scope(batch_id=str(BATCH)))
    everything.wait_for("counts")
    assert batch.wait_for("counts").data == {"batch_id": str(BATCH), "counts": {"queued": 3}, "pause_ms": 2000}

    tell(news, a_change(SCAN, batch_id=BATCH))

    assert everything.wait_for("counts", 2).data == {"batch_id": None, "counts": {"queued": 3}, "pause_ms": 2000}
    batch.wait_for("counts", 2)


def test_a_page_is_told_how_its_scans_stand_before_it_may_trust_them(house: House, news: redis.Redis) -> None:
    house.states = [a_change(SCAN, revision=5), a_change(OTHER_SCAN, revision=9)]

    browser = house.open(Scope(frozenset([str(SCAN)])))

    assert browser.wait_for("open").data["revisions"] == {str(SCAN): 5}
    browser.wait_for_scan(str(SCAN), 5)


def test_a_page_is_told_the_time_of_the_clock_that_its_scans_go_by(house: House) -> None:
    house.states, house.ahead = [a_change(SCAN)], dt.timedelta(hours=3)

    opened = house.open(Scope(frozenset([str(SCAN)]))).wait_for("open")

    ahead = dt.datetime.fromisoformat(opened.data["server_time"]) - dt.datetime.now(dt.UTC)
    assert abs(ahead - house.ahead) < dt.timedelta(seconds=PATIENCE_SECONDS)


def test_a_database_that_hangs_holds_up_neither_news_nor_the_end(house: House, news: redis.Redis) -> None:
    house.may_recall.clear()
    witness, page = an_open_page(house), house.open(Scope(frozenset([str(SCAN)])))
    assert house.recalled.get(timeout=PATIENCE_SECONDS) == [str(SCAN)]

    tell(news, a_change(SCAN))
    for browser in (witness, page):
        browser.wait_for_scan(str(SCAN))
    house.hub.close()

    page.wait_for("bye")
    assert not page.named("open")


def test_scans_are_counted_only_for_those_who_watch(house: House, news: redis.Redis) -> None:
    batch, scan = an_open_page(house, Scope(batch_id=str(BATCH))), an_open_page(house, Scope(frozenset([str(SCAN)])))
    batch.wait_for("counts")

    tell(news, a_change(SCAN, batch_id=OTHER_BATCH))
    scan.wait_for_scan(str(SCAN))
    tell(news, a_change(SCAN, batch_id=BATCH, revision=2))
    batch.wait_for("counts", 2)

    assert [house.next_counted(), house.next_counted()] == [str(BATCH)] * 2
    assert house.counted.empty()
    assert not scan.named("counts")


def test_a_slow_count_holds_up_no_news(house: House, news: redis.Redis) -> None:
    house.may_count.clear()
    browser = an_open_page(house)

    tell(news, a_change(SCAN))

    browser.wait_for_scan(str(SCAN))
    assert not browser.named("counts")
    house.may_count.set()
    browser.wait_for("counts")


def test_a_quiet_stream_beats(a_house: Callable[..., House], redis_url: str) -> None:
    browser = an_open_page(a_house(redis_url, Pace(heartbeat_seconds=0.02)))

    browser.wait_for("comment", 5)


def test_a_hub_that_closes_says_goodbye_to_all_and_takes_no_more(house: House) -> None:
    browsers = [an_open_page(house) for _ in range(3)]

    house.hub.close()

    for browser in browsers:
        browser.wait_for_end()
        retry = browser.wait_for("bye").retry
        assert retry is not None and 2000 <= retry <= 6000
    assert house.hub.open_streams == 0
    with pytest.raises(StreamRefused, match="about to stop"):
        house.open()


def test_a_page_beyond_the_most_is_refused_until_another_left(a_house: Callable[..., House], redis_url: str) -> None:
    house = a_house(redis_url, max_streams=2)
    streams = [house.hub.pull(Scope(), None, owner=None) for _ in range(2)]
    with pytest.raises(StreamRefused, match="as many live pages"):
        house.hub.pull(Scope(), None, owner=None)

    house.hub.leave(streams[0])
    house.hub.leave(streams[0])

    house.hub.pull(Scope(), None, owner=None)
    with pytest.raises(StreamRefused):
        house.hub.pull(Scope(), None, owner=None)


def test_a_browser_that_hung_up_frees_its_place(house: House) -> None:
    browsers = [an_open_page(house) for _ in range(2)]
    connections = [socket.socketpair() for _ in range(2)]
    for server, _ in connections:
        house.hub.adopt(server, Scope(), b"", owner=None)
    assert house.hub.open_streams == 4

    for _, client in connections:
        client.close()

    deadline = time.monotonic() + PATIENCE_SECONDS
    while house.hub.open_streams > 2:
        assert time.monotonic() < deadline, "a place is still taken"
    assert len(browsers) == 2


def test_a_stream_that_was_left_leaves_nothing_behind(house: House, news: redis.Redis) -> None:
    stream = house.hub.pull(Scope(frozenset([str(SCAN)])), None, owner=None)
    witness = an_open_page(house)

    house.hub.leave(stream)
    house.hub.leave(stream)
    tell(news, a_change(SCAN))
    witness.wait_for_scan(str(SCAN))

    assert house.hub.open_streams == 1
    assert b"scan" not in stream.take()


def test_a_fault_of_the_hub_costs_a_refresh_and_no_page(
    house: House, news: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = an_open_page(house)
    with monkeypatch.context() as patch:
        patch.setattr("webapp.live.newsroom.fold", lambda *_: 1 / 0)
        tell(news, a_change(SCAN))
        browser.wait_for("lost")

    browser.wait_for("resync")
    tell(news, a_change(SCAN, revision=2))

    browser.wait_for_scan(str(SCAN), 2)


def test_a_hub_that_nobody_joined_has_no_thread(house: House) -> None:
    before = threading.active_count()

    house.hub.close()

    assert threading.active_count() == before
