"""The hub: takes the news of all scans from Redis once a process, and hands it to every stream that shows them."""

import _thread
import signal
import socket
import threading
import uuid
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final, Protocol

from flask import Flask

from webapp.live import frames
from webapp.live.doorkeeper import ROUND_SECONDS, Doorkeeper
from webapp.live.handover import is_patched
from webapp.live.interpreter import keep_what_is_loaded, let_go_soon
from webapp.live.loop import Loop
from webapp.live.pace import Pace
from webapp.live.places import Places, affordable
from webapp.live.pulled_stream import PulledStream
from webapp.live.recall import Reading
from webapp.live.remote_hub import RemoteHub
from webapp.live.scope import Scope
from webapp.live.socket_stream import SocketStream
from webapp.scans import queries

#: Each of these holds a thread of its process, which are needed for requests as well.
_MAX_PULLED: Final = 48
_THREADS_FOR_REQUESTS: Final = 4
#: For those who write to browsers to take the farewell.
_FAREWELL_SECONDS: Final = 0.3
#: Those of this process: a signal knows no app.
_hubs: Final = weakref.WeakSet["Hub"]()


class Hub:
    """One for each process. Its threads start with its first stream: by then gunicorn has forked."""

    def __init__(
        self,
        redis_url: str,
        count: Callable[[str | None], Mapping[str, int]],
        recall: Callable[[Collection[str]], Reading],
        *,
        pace: Pace,
        max_streams: int,
        max_of_an_owner: int,
        max_pulled: int,
    ) -> None:
        self._pace = pace
        self._make_loop = partial(Loop, redis_url, count, recall, pace=pace, forget=self._forget)
        self._loop: Loop | None = None
        self._max_streams = max_streams
        self._places = Places(max_streams, most_of_an_owner=max_of_an_owner)
        self._pulled_places = Places(max_pulled, most_of_an_owner=max_of_an_owner)
        #: Of those streams that have one; the loop's thread alone touches it.
        self._owners: dict[SocketStream, str] = {}
        self._pulled: dict[PulledStream, str | None] = {}
        self._doorkeeper: Doorkeeper | None = None
        self._lock = threading.Lock()
        _hubs.add(self)

    def keep_door(
        self, still_stand: Callable[[Collection[str]], Collection[str]], *, round_seconds: float = ROUND_SECONDS
    ) -> None:
        """End the streams of owners who no longer stand; to be told before the first stream."""
        self._doorkeeper = Doorkeeper(self._owners_here, still_stand, self.dismiss, round_seconds=round_seconds)

    def dismiss(self, owners: Collection[str]) -> None:
        """End their streams; their browsers come back, and are asked who they are."""
        with self._lock:
            if self._loop is None:
                return
            self._loop.ask(lambda: self._end_sockets_of(owners))
            for stream, owner in self._pulled.items():
                if owner in owners:
                    stream.end(frames.farewell(1))

    def adopt(self, client: socket.socket, scope: Scope, head: bytes, *, owner: str | None) -> None:
        """Answer a browser with this head and a stream, on a connection that is the hub's from now on.

        Raises StreamRefused, and then leaves the connection alone.
        """
        with self._lock:
            self._places.take(owner)
            self._started().admit(client, scope, head, partial(self._remember, owner))

    def pull(self, scope: Scope, client: socket.socket | None, *, owner: str | None) -> PulledStream:
        """A stream for a thread that writes it to a browser itself, to be given back with ``leave``.

        Raises StreamRefused.
        """
        with self._lock:
            self._pulled_places.take(owner)
            stream = PulledStream(scope, client)
            self._pulled[stream] = owner
            self._started().join(stream)
        return stream

    def chunks(self, stream: PulledStream) -> Iterator[bytes]:
        """Ends when the browser hung up or the hub closed."""
        yield frames.first_bytes(self.open_streams)
        yield from stream.chunks(self._pace.heartbeat_seconds)

    def leave(self, stream: PulledStream) -> None:
        """Twice is once."""
        with self._lock:
            if stream not in self._pulled:
                return
            owner = self._pulled.pop(stream)
            self._started().leave(stream)
        stream.close()
        self._pulled_places.give_back(owner)

    def limit_pulled(self, most: int) -> None:
        self._pulled_places.limit(most)

    def close(self) -> None:
        """End every stream and take no more; those who do not even read the farewell are cut off."""
        with self._lock:
            self._places.close()
            self._pulled_places.close()
            loop = self._loop
        if loop is None:
            return
        if self._doorkeeper is not None:
            self._doorkeeper.stop()
        loop.end(self._pace.farewell_seconds)
        self._pulled_places.wait_until_empty(_FAREWELL_SECONDS)
        with self._lock:
            for stream in self._pulled:
                stream.hang_up()

    @property
    def open_streams(self) -> int:
        return self._places.taken + self._pulled_places.taken

    def _started(self) -> Loop:
        if self._loop is None:
            self._places.limit(affordable(self._max_streams))
            let_go_soon()
            self._loop = self._make_loop()
            self._loop.start()
            if self._doorkeeper is not None:
                self._doorkeeper.start()
        return self._loop

    def _owners_here(self) -> set[str]:
        return self._places.owners | self._pulled_places.owners

    def _end_sockets_of(self, owners: Collection[str]) -> None:
        for stream, owner in [*self._owners.items()]:
            if owner in owners:
                stream.end(frames.farewell(1))

    def _remember(self, owner: str | None, stream: SocketStream) -> None:
        if owner is not None:
            self._owners[stream] = owner

    def _forget(self, stream: SocketStream) -> None:
        self._places.give_back(self._owners.pop(stream, None))


class Adopter(Protocol):
    """Whoever serves streams on connections that it is given: this process' hub, or a sidecar."""

    def adopt(self, client: socket.socket, scope: Scope, head: bytes, *, owner: str | None) -> None: ...


def make_hub(app: Flask, redis_url: str, *, max_streams: int, max_of_an_owner: int, pace: Pace) -> Hub:
    """One that reads counts and states in the database of this app."""
    return Hub(
        redis_url,
        partial(_count, app),
        partial(_recall, app),
        pace=pace,
        max_streams=max_streams,
        max_of_an_owner=max_of_an_owner,
        max_pulled=_MAX_PULLED,
    )


def init_app(app: Flask, hub: Hub, *, sidecar: Path | None) -> None:
    """``sidecar`` is the socket of the process that serves the streams of all web processes, if there is one."""
    app.extensions["tilldone.hub"] = hub
    app.extensions["tilldone.adopter"] = RemoteHub(sidecar) if sidecar else hub


def get_hub(app: Flask) -> Hub:
    hub: Hub = app.extensions["tilldone.hub"]
    return hub


def get_adopter(app: Flask) -> Adopter:
    adopter: Adopter = app.extensions["tilldone.adopter"]
    return adopter


def _count(app: Flask, batch_id: str | None) -> dict[str, int]:
    with app.app_context():
        which = queries.Filter(batch_id=uuid.UUID(batch_id) if batch_id else None)
        return {state.value: count for state, count in queries.count_by_state(which).items()}


def _recall(app: Flask, scan_ids: Collection[str]) -> Reading:
    with app.app_context():
        return queries.server_time(), queries.get_changes(list(map(uuid.UUID, scan_ids)))


def serve_in_worker(threads: int) -> None:
    """For a gunicorn worker: leave it some of its threads for requests, and end the streams when it is told to stop.

    SIGINT and SIGQUIT stop it as well, from a terminal.
    """
    keep_what_is_loaded()
    for hub in _hubs:
        hub.limit_pulled(max(1, threads - _THREADS_FOR_REQUESTS))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, partial(_close_first, signal.getsignal(number)))
        signal.siginterrupt(number, False)


def _close_first(then: Any, number: int, frame: FrameType | None) -> None:
    # On a thread, since the one that the signal interrupted may hold a lock.
    if is_patched():
        # What starts a Thread waits for it, which a signal handler of gevent's may not.
        _thread.start_new_thread(_close_all, ())
    else:
        threading.Thread(target=_close_all, name="hub-close").start()
    if callable(then):
        then(number, frame)


def _close_all() -> None:
    for hub in tuple(_hubs):
        hub.close()
