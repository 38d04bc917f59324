"""The audience: who shows which scans, so that news costs nothing to streams that do not show its scan."""

from collections.abc import Iterable, Iterator

from webapp.live.frames import Frame
from webapp.live.mailbox import Mailbox, Stream
from webapp.live.scope import Scope, counts_topic


class Audience:
    """A mailbox for each scope, looked up by the topics of the news."""

    def __init__(self) -> None:
        self._mailboxes: dict[Scope, Mailbox] = {}
        self._by_topic: dict[str, set[Mailbox]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Stream]:
        return (stream for mailbox in self._mailboxes.values() for stream in mailbox.streams)

    def __contains__(self, stream: Stream) -> bool:
        mailbox = self._mailboxes.get(stream.scope)
        return mailbox is not None and stream in mailbox.streams

    def add(self, stream: Stream) -> None:
        mailbox = self._mailboxes.get(stream.scope)
        if mailbox is None:
            mailbox = self._mailboxes[stream.scope] = Mailbox(stream.scope)
            for topic in mailbox.scope.topics:
                self._by_topic.setdefault(topic, set()).add(mailbox)
        self._size += stream not in mailbox.streams
        mailbox.streams.add(stream)

    def remove(self, stream: Stream) -> None:
        """Twice is once."""
        mailbox = self._mailboxes.get(stream.scope)
        if mailbox is None or stream not in mailbox.streams:
            return
        self._size -= 1
        mailbox.streams.discard(stream)
        if not mailbox.streams:
            del self._mailboxes[stream.scope]
            for topic in mailbox.scope.topics:
                self._by_topic[topic].discard(mailbox)
                if not self._by_topic[topic]:
                    del self._by_topic[topic]

    def deliver(self, news: Iterable[Frame]) -> None:
        """Each mailbox is put together once, and only those are touched that show some of it."""
        touched: dict[Mailbox, None] = {}
        for frame in news:
            for topic in frame.topics:
                for mailbox in self._by_topic.get(topic, ()):
                    mailbox.put(frame)
                    touched[mailbox] = None
        for mailbox in touched:
            mailbox.flush()

    def awaits_counts(self, batch_id: str | None) -> bool:
        """May be asked by another thread: it is a single look-up."""
        return counts_topic(batch_id) in self._by_topic
