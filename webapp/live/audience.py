"""The audience: which mailboxes want the news of which scans."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from webapp.live.frames import Frame
from webapp.live.mailbox import Mailbox
from webapp.live.scope import batch_topic


class Audience:
    """Looked up by topic, so that news costs nothing to streams that do not show its scan. Not safe without a lock."""

    def __init__(self) -> None:
        self._everyone: set[Mailbox] = set()
        self._by_topic: defaultdict[str, set[Mailbox]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._everyone)

    def __iter__(self) -> Iterator[Mailbox]:
        return iter(self._everyone)

    def add(self, mailbox: Mailbox) -> None:
        self._everyone.add(mailbox)
        for topic in mailbox.scope.topics:
            self._by_topic[topic].add(mailbox)

    def remove(self, mailbox: Mailbox) -> None:
        """Twice is once."""
        self._everyone.discard(mailbox)
        for topic in mailbox.scope.topics & self._by_topic.keys():
            self._by_topic[topic].discard(mailbox)
            if not self._by_topic[topic]:
                del self._by_topic[topic]

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
        for mailbox in self._by_topic.get(batch_topic(batch_id), ()):
            mailbox.counts(text)

    def awaits_counts(self, batch_id: str | None) -> bool:
        return batch_topic(batch_id) in self._by_topic
