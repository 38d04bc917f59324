import uuid

import pytest

from tests.live.news import a_change
from webapp.live.events import encode
from webapp.live.frames import MalformedEvent, farewell, fold, read_event


def test_the_frame_carries_the_line_as_it_was_published() -> None:
    line = encode(a_change(error='said "no" — in\ntwo lines'))

    frame = read_event(line, 17)

    assert frame.text == b"event: scan\nid: 17\ndata: " + line + b"\n\n"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"id": 1, "batch_id": null, "revision": 1}',
        b'{"id": "s", "revision": 1}',
        b'{"id": "s", "batch_id": 5, "revision": 1}',
        b'{"id": "s", "batch_id": null, "revision": "1"}',
        b'{"id": "s", "batch_id": null,\n "revision": 1}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_news_of_a_scan_is_refused(line: bytes) -> None:
    with pytest.raises(MalformedEvent):
        read_event(line, 1)


def test_only_the_newest_frame_of_each_scan_is_kept_in_the_order_they_came() -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    newest = {}

    for scan_id, revision in ((one, 1), (other, 5), (one, 3), (one, 2), (other, 5)):
        fold(newest, read_event(encode(a_change(scan_id, revision=revision)), 1))

    assert [(frame.about, frame.revision) for frame in newest.values()] == [(str(other), 5), (str(one), 3)]


def test_a_crowd_is_sent_away_for_as_long_as_web_needs_to_take_it_back() -> None:
    pauses = [int(farewell(10_000).split(b"\n")[0].removeprefix(b"retry: ")) for _ in range(2_000)]

    # None meets the server that stops, and no second brings more than can be served.
    assert min(pauses) >= 2_000 and 39_000 < max(pauses) <= 40_000
    assert max(sum(second * 1000 <= pause < (second + 1) * 1000 for pause in pauses) for second in range(40)) < 120
