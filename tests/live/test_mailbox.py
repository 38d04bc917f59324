import socket
import uuid
from collections.abc import Iterator

import pytest

from tests.live.news import a_change
from webapp.live.events import encode
from webapp.live.frames import RESYNC, Frame, read_event
from webapp.live.mailbox import MOST_FRAMES, Mailbox
from webapp.live.scope import Scope


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox(Scope(), None)
    yield mailbox
    mailbox.close()


def news(scan_id: uuid.UUID, revision: int) -> dict[str, Frame]:
    frame = read_event(encode(a_change(scan_id, revision=revision)), revision)
    return {frame.scan_id: frame}


def test_a_slow_reader_finds_one_frame_a_scan_however_much_happened(mailbox: Mailbox) -> None:
    scans = [uuid.uuid4() for _ in range(3)]

    for revision in range(1, 1001):
        for scan_id in scans:
            mailbox.deliver(news(scan_id, revision))

    assert mailbox.take() == b"".join(frame.text for scan_id in scans for frame in news(scan_id, 1000).values())
    assert mailbox.take() == b""


def test_an_older_revision_that_comes_later_is_dropped(mailbox: Mailbox) -> None:
    scan_id = uuid.uuid4()
    mailbox.deliver(news(scan_id, 7))

    mailbox.deliver(news(scan_id, 6))

    assert b'"revision":7' in (taken := mailbox.take())
    assert b'"revision":6' not in taken


def test_a_slow_reader_sees_the_last_time_that_redis_came_back_only(mailbox: Mailbox) -> None:
    for _ in range(50):
        mailbox.stands(b"open;")
        mailbox.lost()
    mailbox.stands(b"open;")

    assert mailbox.take() == b"open;" + RESYNC


def test_a_slow_reader_of_ever_more_scans_is_told_to_load_its_list_again(mailbox: Mailbox) -> None:
    for _ in range(MOST_FRAMES):
        mailbox.deliver(news(uuid.uuid4(), 1))

    mailbox.deliver(news(uuid.uuid4(), 1))

    assert mailbox.take() == RESYNC


def test_redis_is_not_lost_to_a_browser_that_never_saw_it(mailbox: Mailbox) -> None:
    mailbox.lost()

    assert mailbox.take() == b""


def test_the_farewell_is_the_last_that_a_browser_hears(mailbox: Mailbox) -> None:
    mailbox.end()
    mailbox.counts(None, b"counts;")
    assert not mailbox.is_over

    taken = mailbox.take()

    assert mailbox.is_over
    assert taken.startswith(b"counts;retry: ")
    assert taken.endswith(b"event: bye\ndata: {}\n\n")


def test_of_each_batch_the_newest_counts_wait(mailbox: Mailbox) -> None:
    mailbox.counts(None, b"old;")
    mailbox.counts("batch", b"of the batch;")
    mailbox.counts(None, b"new;")

    assert mailbox.take() == b"new;of the batch;"


def test_a_reader_waits_no_longer_once_something_came(mailbox: Mailbox) -> None:
    mailbox.counts(None, b"counts;")

    assert mailbox.wait(60)


def test_a_reader_that_took_all_waits_again(mailbox: Mailbox) -> None:
    mailbox.counts(None, b"one;")
    mailbox.counts(None, b"two;")
    mailbox.take()

    assert mailbox.wait(0.01)
    assert mailbox.take() == b""


def test_a_browser_that_hangs_up_ends_the_wait() -> None:
    server, browser = socket.socketpair()
    mailbox = Mailbox(Scope(), server)
    with server:
        browser.close()

        assert not mailbox.wait(60)
    mailbox.close()


def test_news_for_a_mailbox_that_was_given_back_goes_nowhere(mailbox: Mailbox) -> None:
    mailbox.close()

    mailbox.deliver(news(uuid.uuid4(), 1))
    mailbox.close()
