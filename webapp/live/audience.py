"""The audience: which mailboxes want the news of which scans."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from webapp.live.frames import Frame
from webapp.live.mailbox import Mailbox


class Audience:
    """Looked up by topic, so that news costs nothing to streams that do not show its scan. Not safe without a lock."""

    def __init__(self) -> None:
        self._everyone: set[Mailbox] = set()
        self._by_topic: defaultdict[str, set[Mailbox]] = defaultdict(set)
        self._by_counted: defaultdict[str | None, set[Mailbox]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._everyone)

    def __iter__(self) -> Iterator[Mailbox]:
        return iter(self._everyone)

    def add(self, mailbox: Mailbox) -> None:
        self._everyone.add(mailbox)
        for topic in mailbox.scope.topics:
            self._by_topic[topic].add(mailbox)
        for batch_id in mailbox.scope.counted:
            self._by_counted[batch_id].add(mailbox)

    def remove(self, mailbox: Mailbox) -> None:
        """Twice is once."""
        self._everyone.discard(mailbox)
        for topic in mailbox.scope.topics:
            _discard(self._by_topic, topic, mailbox)
        for batch_id in mailbox.scope.counted:
            _discard(self._by_counted, batch_id, mailbox)

    def deliver(self, news: Mapping[str, Frame]) -> None:
        by_topic: defaultdict[str, dict[str, Frame]] = defaultdict(dict)
        for frame in news.values():
            for topic in frame.topics:
                if topic in self._by_topic:
                    by_topic[topic][frame.scan_id] = frame
        for topic, chosen in by_topic.items():
            for mailbox in self._by_topic[topic]:
                mailbox.deliver(chosen)

    def tell_counts(self, batch_id: str | None, text: bytes) -> None:
        for mailbox in self._by_counted.get(batch_id, ()):
            mailbox.counts(batch_id, text)

    def awaits_counts(self, batch_id: str | None) -> bool:
        return batch_id in self._by_counted


def _discard(index: defaultdict[Any, set[Mailbox]], key: str | None, mailbox: Mailbox) -> None:
    if key in index:
        index[key].discard(mailbox)
        if not index[key]:
            del index[key]
