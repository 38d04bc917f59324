import contextlib
import selectors
import socket
import uuid
from collections.abc import Iterator

import pytest

from tests.live.news import frames_of
from webapp.live.frames import LOST, RESYNC, SUBSCRIPTION, Frame
from webapp.live.pace import Pace
from webapp.live.scope import Scope
from webapp.live.socket_stream import SocketStream
from webapp.live.sockets import Sockets

SCAN = uuid.uuid4()
LONG = b"x" * 1_000_000


class House:
    """A hub's sockets without its thread: the test says what time it is."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self.sockets = Sockets(self._selector, Pace(heartbeat_seconds=15, patience_seconds=30))
        self.clients: list[socket.socket] = []

    def open(self) -> tuple[SocketStream, socket.socket]:
        server, client = socket.socketpair()
        client.setblocking(False)
        self.clients.append(client)
        return self.sockets.add(server, Scope()), client

    def serve(self) -> None:
        """All who can be read from or written to at this moment."""
        for key, mask in self._selector.select(0):
            key.data(mask)

    def read_all(self, client: socket.socket) -> bytes:
        heard = b""
        while more := read(client):
            heard += more
            self.serve()
        return heard

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.serve()
        self.sockets.take_gone()
        self._selector.close()


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    house.close()


def read(client: socket.socket) -> bytes:
    heard = b""
    with contextlib.suppress(BlockingIOError):
        while more := client.recv(65536):
            heard += more
    return heard


def deliver(stream: SocketStream, news: dict[str, Frame]) -> None:
    stream.deliver(b"".join(frame.text for frame in news.values()), news)


def test_a_browser_that_keeps_up_has_its_news_at_once_and_no_backlog(house: House) -> None:
    stream, client = house.open()

    deliver(stream, frames_of((SCAN, 1)))
    stream.tell("counts", b"counts;")

    assert read(client).endswith(b"\n\ncounts;")
    house.sockets.turn(0)
    house.sockets.turn(1000)
    assert house.sockets.take_gone() == []


def test_what_was_sent_in_part_is_finished_before_the_newest_that_waited(house: House) -> None:
    stream, client = house.open()
    stream.send(LONG)

    for revision in range(1, 1001):
        deliver(stream, frames_of((SCAN, revision)))
        stream.tell(SUBSCRIPTION, LOST)
        stream.tell(SUBSCRIPTION, RESYNC)

    newest = frames_of((SCAN, 1000))[str(SCAN)].text
    assert house.read_all(client) == LONG + RESYNC + newest
    deliver(stream, frames_of((SCAN, 1001)))
    assert b'"revision":1001' in read(client)


def test_a_browser_that_takes_nothing_for_its_patience_is_cut_off_and_no_other(house: House) -> None:
    stuck, _ = house.open()
    slow, slow_client = house.open()
    _, quick_client = house.open()
    for stream in (stuck, slow):
        stream.send(LONG)

    house.sockets.turn(100)
    house.sockets.turn(129)
    assert read(slow_client)
    house.serve()
    house.sockets.turn(130.5)

    assert house.sockets.take_gone() == [stuck]
    house.sockets.turn(159)
    assert house.sockets.take_gone() == []
    house.sockets.turn(161)
    assert house.sockets.take_gone() == [slow]
    assert quick_client.fileno() > 0


def test_a_quiet_stream_beats_once_in_its_time(house: House) -> None:
    clients = [house.open()[1] for _ in range(100)]
    for client in clients:
        read(client)

    for tenth in range(151):
        house.sockets.turn(tenth / 10)

    assert all(b":\n\n" in read(client) for client in clients)


def test_the_beats_of_many_are_spread_over_the_time(house: House) -> None:
    clients = [house.open()[1] for _ in range(120)]

    house.sockets.turn(0)
    house.sockets.turn(0.25)

    assert 1 <= sum(bool(read(client)) for client in clients) <= 8


def test_a_stream_that_lags_needs_no_beat(house: House) -> None:
    stream, client = house.open()
    stream.send(LONG)

    stream.beat()

    assert house.read_all(client) == LONG


def test_a_browser_that_hung_up_is_gone(house: House) -> None:
    stream, client = house.open()
    client.close()

    house.serve()

    assert house.sockets.take_gone() == [stream]
    deliver(stream, frames_of((SCAN, 1)))
    assert house.sockets.take_gone() == []


def test_a_browser_that_is_found_gone_while_something_is_sent_is_gone_once(house: House) -> None:
    stream, client = house.open()
    client.close()

    stream.send(b"news")
    stream.send(b"news")

    assert house.sockets.take_gone() == [stream]


def test_who_keeps_talking_is_no_browser(house: House) -> None:
    stream, client = house.open()

    for _ in range(40):
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            client.send(b"GET / HTTP/1.1\r\n" * 256)
        house.serve()

    assert house.sockets.take_gone() == [stream]


def test_the_farewell_ends_the_connection_and_a_browser_that_lags_gets_none(house: House) -> None:
    stream, client = house.open()
    lagging, lagging_client = house.open()
    lagging.send(LONG)

    for each in (stream, lagging):
        each.end(b"bye;")

    assert sorted(map(id, house.sockets.take_gone())) == sorted(map(id, (stream, lagging)))
    assert read(client) == b"bye;"
    assert client.recv(1) == b""
    assert b"bye" not in read(lagging_client)
