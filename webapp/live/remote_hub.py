"""The sidecar as web processes see it: takes a browser's connection through a local socket, with what is to be sent."""

import contextlib
import json
import logging
import os
import socket
import struct
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from webapp.live.places import StreamRefused
from webapp.live.scope import Scope

log = logging.getLogger(__name__)

_SEND_SECONDS: Final = 2.0
#: Process, user and group at the other end, as the kernel knows them.
_CREDENTIALS: Final = struct.Struct("3i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What goes along with the connection."""

    scope: Scope
    head: bytes
    owner: str | None

    def encode(self) -> bytes:
        scope = self.scope
        return json.dumps(
            {
                "scan_ids": None if scope.scan_ids is None else [*scope.scan_ids],
                "batch_id": scope.batch_id,
                "counts": None if scope.counts is None else [*scope.counts],
                "head": self.head.decode("latin-1"),
                "owner": self.owner,
            },
            separators=(",", ":"),
        ).encode()

    @classmethod
    def decode(cls, message: bytes) -> "Handover":
        fields = json.loads(message)
        scope = Scope(
            scan_ids=None if fields["scan_ids"] is None else frozenset(fields["scan_ids"]),
            batch_id=fields["batch_id"],
            counts=None if fields["counts"] is None else frozenset(fields["counts"]),
        )
        return cls(scope=scope, head=fields["head"].encode("latin-1"), owner=fields["owner"])


class RemoteHub:
    """One connection to the sidecar for each process, made when it is first needed, and again when it was lost."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sidecar: socket.socket | None = None
        self._lock = threading.Lock()

    def adopt(self, client: socket.socket, scope: Scope, head: bytes, *, owner: str | None) -> None:
        """As a hub's; but for want of a place the sidecar itself refuses, on the connection."""
        message = Handover(scope=scope, head=head, owner=owner).encode()
        try:
            with self._lock:
                self._send(message, client)
        except OSError as error:
            log.error("no sidecar serves streams path=%s error=%s", self._path, type(error).__name__)
            raise StreamRefused("The process that serves live pages is not there.") from error
        client.close()

    def _send(self, message: bytes, client: socket.socket) -> None:
        try:
            socket.send_fds(self._sidecar or self._connect(), [message], [client.fileno()])
        except OSError:
            # It may have been started anew since the last time.
            self._drop()
            socket.send_fds(self._connect(), [message], [client.fileno()])

    def _connect(self) -> socket.socket:
        self._sidecar = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._sidecar.settimeout(_SEND_SECONDS)
        self._sidecar.connect(str(self._path))
        _, user, _ = _CREDENTIALS.unpack(
            self._sidecar.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        if user != os.getuid():
            # In a folder that others may write to, somebody may have been there before us.
            raise PermissionError(f"{self._path} is served by user {user}")
        return self._sidecar

    def _drop(self) -> None:
        sidecar, self._sidecar = self._sidecar, None
        if sidecar is not None:
            with contextlib.suppress(OSError):
                sidecar.close()
