import socket
import uuid
from collections.abc import Iterator

import pytest

from tests.live.news import frames_of
from webapp.live.backlog import MOST_FRAMES, PIECE_BYTES
from webapp.live.frames import LOST, RESYNC, SUBSCRIPTION
from webapp.live.pulled_stream import PulledStream
from webapp.live.scope import Scope


@pytest.fixture
def stream() -> Iterator[PulledStream]:
    stream = PulledStream(Scope(), None)
    yield stream
    stream.close()


def test_a_slow_reader_finds_one_frame_a_scan_however_much_happened(stream: PulledStream) -> None:
    scans = [uuid.uuid4() for _ in range(3)]

    for revision in range(1, 1001):
        for scan_id in scans:
            stream.deliver(b"", frames_of((scan_id, revision)))

    newest = frames_of(*((scan_id, 1000) for scan_id in scans))
    assert stream.take() == b"".join(frame.text for frame in newest.values())
    assert stream.take() == b""


def test_an_older_revision_that_comes_later_is_dropped(stream: PulledStream) -> None:
    scan_id = uuid.uuid4()
    stream.deliver(b"", frames_of((scan_id, 7)))

    stream.deliver(b"", frames_of((scan_id, 6)))

    assert b'"revision":7' in (taken := stream.take())
    assert b'"revision":6' not in taken


def test_a_slow_reader_sees_the_last_time_that_redis_came_back_only(stream: PulledStream) -> None:
    stream.tell("open", b"open;")
    for _ in range(50):
        stream.tell(SUBSCRIPTION, LOST)
        stream.tell(SUBSCRIPTION, RESYNC)

    assert stream.take() == b"open;" + RESYNC


def test_of_each_batch_the_newest_counts_wait(stream: PulledStream) -> None:
    stream.tell("counts of None", b"old;")
    stream.tell("counts of batch", b"of the batch;")
    stream.tell("counts of None", b"new;")

    assert stream.take() == b"new;of the batch;"


def test_a_slow_reader_of_ever_more_scans_is_told_to_load_its_list_again(stream: PulledStream) -> None:
    for _ in range(MOST_FRAMES):
        stream.deliver(b"", frames_of((uuid.uuid4(), 1)))

    stream.deliver(b"", frames_of((uuid.uuid4(), 1)))

    assert stream.take() == RESYNC


def test_a_slow_reader_takes_much_in_pieces_and_meets_the_newest_in_each(stream: PulledStream) -> None:
    scans = [uuid.UUID(int=number) for number in range(500)]
    stream.deliver(b"", frames_of(*((scan_id, 1) for scan_id in scans)))

    first = stream.take()
    stream.deliver(b"", frames_of((scans[-1], 2)))
    assert stream.wait(60)
    rest = b"".join(iter(stream.take, b""))

    assert PIECE_BYTES <= len(first) < PIECE_BYTES + 1000
    assert (first + rest).count(b"event: scan") == 500
    assert b'"revision":2' in rest


def test_the_farewell_is_the_last_that_a_browser_hears(stream: PulledStream) -> None:
    stream.end(b"bye;")
    stream.tell("counts", b"counts;")

    assert [*stream.chunks(60)] == [b"counts;bye;"]


def test_a_reader_waits_no_longer_once_something_came(stream: PulledStream) -> None:
    stream.tell("counts", b"counts;")

    assert stream.wait(60)


def test_a_reader_that_took_all_waits_again(stream: PulledStream) -> None:
    stream.tell("counts", b"one;")
    stream.tell("open", b"two;")
    stream.take()

    assert stream.wait(0.01)
    assert stream.take() == b""


def test_a_browser_that_hangs_up_ends_the_wait() -> None:
    server, browser = socket.socketpair()
    stream = PulledStream(Scope(), server)
    with server:
        browser.close()

        assert not stream.wait(60)
    stream.close()


def test_news_for_a_stream_that_was_given_back_goes_nowhere(stream: PulledStream) -> None:
    stream.close()

    stream.deliver(b"", frames_of((uuid.uuid4(), 1)))
    stream.close()
