"""The places: how many streams a process may serve at once, in all and to one owner."""

import resource
import threading
from collections import Counter
from typing import Final

#: For all that is no stream: the stores, requests, files.
_OTHER_FILES: Final = 256


class StreamRefused(Exception):
    """This process can serve no further stream; the message says why, and after how many seconds to try again."""

    def __init__(self, why: str, *, retry_after: int = 5) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Places:
    """Whoever takes one gives it back. An owner is whoever the streams are opened for; None stands for nobody known."""

    def __init__(self, most: int, *, most_of_an_owner: int) -> None:
        self._most = most
        self._most_of_an_owner = most_of_an_owner
        self._taken = 0
        self._taken_by: Counter[str] = Counter()
        self._is_closed = False
        self._changed = threading.Condition()

    def limit(self, most: int) -> None:
        with self._changed:
            self._most = min(self._most, most)

    def take(self, owner: str | None) -> None:
        """Raises StreamRefused."""
        with self._changed:
            if self._is_closed:
                raise StreamRefused("This server is about to stop.", retry_after=1)
            if self._taken >= self._most:
                raise StreamRefused("This server has as many live pages as it can serve.")
            if owner is not None:
                if self._taken_by[owner] >= self._most_of_an_owner:
                    raise StreamRefused("You have as many live pages open as one may have.")
                self._taken_by[owner] += 1
            self._taken += 1

    def give_back(self, owner: str | None) -> None:
        with self._changed:
            self._taken -= 1
            if owner is not None:
                self._taken_by[owner] -= 1
                if not self._taken_by[owner]:
                    del self._taken_by[owner]
            self._changed.notify_all()

    def close(self) -> None:
        """None is given from now on."""
        with self._changed:
            self._is_closed = True

    def wait_until_empty(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._taken, seconds)

    @property
    def owners(self) -> set[str]:
        with self._changed:
            return set(self._taken_by)

    @property
    def taken(self) -> int:
        return self._taken


def affordable(streams: int) -> int:
    """As many of them as this process may have open files for; it asks for what the system would allow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = streams + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return streams if soft == resource.RLIM_INFINITY else max(1, min(streams, soft - _OTHER_FILES))
