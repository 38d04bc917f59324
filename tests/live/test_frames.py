import uuid

import pytest

from tests.live.news import a_change
from webapp.live.events import encode
from webapp.live.frames import MalformedEvent, fold, read_event


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
