"""What must hold before anything is started: a folder of our own, a free port, a gate."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from webapp.cli.refused import Refused

_LOCK_NAME: Final = "up.lock"
_GATE_NAME: Final = "gate.lock"


class Gate:
    """A locked file where worker and beat wait, without polling, for what they need (see tasks/boot.py)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def open(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def closed_gate(home: Path) -> Iterator[Gate]:
    with closing(Gate(home / _GATE_NAME)) as gate:
        yield gate


@contextmanager
def hold(home: Path) -> Iterator[int]:
    """Keep the folder to ourselves; gives the file that holds the lock, which ends when the last copy is closed."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(home / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Refused(
            f"TILLDONE_HOME: cannot write to {home} ({error.strerror}); name a folder that can be written."
        ) from error
    try:
        _lock(descriptor, home)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, home: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        raise Refused(
            f"Tilldone is already running on {home} (process {pid}); stop it, or name another folder in TILLDONE_HOME."
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)


def check_port(host: str, port: int) -> None:
    """Bind it as the web process will, and let go."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror as error:
        raise Refused(f"HOST: {host!r} is no address of this machine ({error.strerror}); try 127.0.0.1.") from error
    except OSError as error:
        raise Refused(_refusal(error, host, port)) from error


def _refusal(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program; stop that, or choose another port with PORT=."
    if error.errno == errno.EACCES:
        return f"port {port} may only be used by root; choose one above 1023 with PORT=."
    return f"HOST: cannot listen on {host} ({error.strerror}); try 127.0.0.1."
