"""The sidecar: a process of its own that serves the streams of all web processes, whom neither a busy page of theirs
nor their restart disturbs."""

import contextlib
import json
import logging
import os
import selectors
import socket
from pathlib import Path
from typing import Final

from webapp.live.hub import Adopter
from webapp.live.places import StreamRefused
from webapp.live.remote_hub import Handover

log = logging.getLogger(__name__)

#: Of one message: some hundred ids and the head of an answer.
_MOST_BYTES: Final = 64 * 1024
_BACKLOG: Final = 128


class Sidecar:
    """Listens on a socket that only its own user may open."""

    def __init__(self, path: Path, hub: Adopter) -> None:
        self._hub = hub
        self._selector = selectors.DefaultSelector()
        self._stop_reader, self._stop_writer = socket.socketpair()
        self._selector.register(self._stop_reader, selectors.EVENT_READ)
        self._listener = _listen(path)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def serve(self) -> None:
        """Until it is told to stop."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._stop_reader:
                    return
                if key.fileobj is self._listener:
                    web, _address = self._listener.accept()
                    self._selector.register(web, selectors.EVENT_READ)
                elif isinstance(key.fileobj, socket.socket):
                    self._receive(key.fileobj)

    def stop(self) -> None:
        """Safe in a signal handler."""
        with contextlib.suppress(OSError):
            self._stop_writer.send(b"!")

    def close(self) -> None:
        for key in [*self._selector.get_map().values()]:
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        self._stop_writer.close()

    def _receive(self, web: socket.socket) -> None:
        try:
            message, descriptors, *_ = socket.recv_fds(web, _MOST_BYTES, 1)
        except OSError:
            message, descriptors = b"", []
        if not message:
            self._selector.unregister(web)
            web.close()
        for descriptor in descriptors:
            self._adopt(message, socket.socket(fileno=descriptor))

    def _adopt(self, message: bytes, client: socket.socket) -> None:
        try:
            handover = Handover.decode(message)
            self._hub.adopt(client, handover.scope, handover.head, owner=handover.owner)
        except StreamRefused as refused:
            _refuse(client, refused)
        except (ValueError, KeyError, TypeError) as error:
            log.error("a handover was not understood error=%s", type(error).__name__)
            client.close()


def _listen(path: Path) -> socket.socket:
    """What a killed predecessor left is removed; the folder's lock keeps a living one's neighbours away."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path.unlink(missing_ok=True)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(_BACKLOG)
    return listener


def _refuse(client: socket.socket, why: StreamRefused) -> None:
    """As web itself would have."""
    body = json.dumps(
        {"type": "about:blank", "title": "No live stream now", "status": 503, "detail": f"{why} Try again in seconds."}
    ).encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n"
        f"Retry-After: {why.retry_after}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    with client, contextlib.suppress(OSError):
        client.setblocking(False)
        client.send(head + body)
        client.shutdown(socket.SHUT_WR)
