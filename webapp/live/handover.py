"""The handover: takes a browser's connection out of gunicorn's hands while it still believes that it holds it."""

import functools
import logging
import os
import socket
import time
from collections.abc import Mapping
from typing import Any, Final

log = logging.getLogger(__name__)
#: gunicorn's own, which is silent unless an access log was asked for.
_access_log: Final = logging.getLogger("gunicorn.access")

#: What it relies on is no promise of gunicorn's: tests show that these versions bear it.
_KNOWN_SERVER: Final = "gunicorn/27."


def connection_of(environ: Mapping[str, Any]) -> socket.socket | None:
    """The connection that a request came on, if it can be handed over; where it cannot a line in the log says why."""
    obstacle = _obstacle(environ)
    if obstacle:
        _tell_once(obstacle)
        return None
    connection: socket.socket = environ["gunicorn.socket"]
    return connection


def _obstacle(environ: Mapping[str, Any]) -> str:
    server, connection = str(environ.get("SERVER_SOFTWARE", "")), environ.get("gunicorn.socket")
    if connection is None:
        return f"the server is {server or 'unknown'}, not gunicorn"
    if not server.startswith(_KNOWN_SERVER):
        return f"{server} is not a version that this was tested with"
    if is_patched():
        return "sockets are patched"
    if type(connection) is not socket.socket:
        return f"the connection is a {type(connection).__name__}"
    # Of HTTP/2 one connection carries many requests.
    return "" if str(environ.get("SERVER_PROTOCOL")).startswith("HTTP/1.") else "it is not HTTP/1"


def is_patched() -> bool:
    """Whether gevent has made all that waits cooperative."""
    return socket.socket.__module__ != "socket"


@functools.cache
def _tell_once(obstacle: str) -> None:
    log.warning("each stream holds a thread, so there can be some dozens only: %s", obstacle)


def duplicate(connection: socket.socket) -> socket.socket:
    """The same connection once more, which outlives what gunicorn does to its own."""
    return connection.dup()


def disarm(connection: socket.socket) -> None:
    """What gunicorn holds is from now on a socket that was never connected.

    A duplicate alone would not do: gunicorn ends with a shutdown, which acts on the connection. To detach the socket
    would not do either: then gunicorn counts its connection as ended twice.
    """
    with socket.socket(connection.family, socket.SOCK_STREAM) as dead:
        os.dup2(dead.fileno(), connection.fileno(), inheritable=False)


def log_access(environ: Mapping[str, Any], status: int) -> None:
    """The line that gunicorn would write, had it answered; how long the stream will be nobody knows yet."""
    if not _access_log.handlers:
        return
    request = f"{environ['REQUEST_METHOD']} {environ['RAW_URI']} {environ['SERVER_PROTOCOL']}"
    moment = time.strftime("[%d/%b/%Y:%H:%M:%S %z]")
    quoted = [request, str(environ.get("HTTP_REFERER", "-")), str(environ.get("HTTP_USER_AGENT", "-"))]
    line, referer, agent = (text.replace('"', '\\"') for text in quoted)
    _access_log.info(
        '%s - - %s "%s" %d - "%s" "%s"', environ.get("REMOTE_ADDR", "-"), moment, line, status, referer, agent
    )
