"""The live stream: news of the scans that a page shows, as server-sent events."""

import contextlib
import socket
import sys
from typing import Final

from flask import Blueprint, Response, current_app, request

from webapp.live.hub import StreamRefused, get_hub
from webapp.live.scope import ALL, Scope
from webapp.routes.problems import problem
from webapp.scans.errors import InvalidField
from webapp.scans.queries import MAX_PAGE, parse_id

bp = Blueprint("stream", __name__, url_prefix="/api/v1")

_HEADERS: Final = {
    "Cache-Control": "no-store, no-transform",
    # Without it nginx keeps what it is given until its buffer is full.
    "X-Accel-Buffering": "no",
}
#: Batches whose counts one stream may ask for: each is counted again and again while its scans move.
MAX_COUNTED: Final = 20
_RETRY_AFTER_SECONDS: Final = 5
#: What the kernel may hold back for a browser that does not read; it would grow to megabytes.
_SEND_BUFFER_BYTES: Final = 64 * 1024
#: After this long without an answer from its network a browser is gone.
_UNANSWERED_MILLISECONDS: Final = 30_000


@bp.get("/events")
def events() -> Response:
    """Holds a thread until the browser goes, but neither the app's context nor a connection to the database."""
    client = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    hub = get_hub(current_app)
    try:
        mailbox = hub.join(_scope(), client)
    except InvalidField as error:
        return problem(400, "Invalid field", f"{error.field} {error.problem}", field=error.field, cure=error.cure)
    except StreamRefused as error:
        response = problem(503, "No live stream now", f"{error} Try again in some seconds.")
        response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
        return response
    response = Response(hub.chunks(mailbox), content_type="text/event-stream; charset=utf-8", headers=_HEADERS)
    response.call_on_close(lambda: hub.leave(mailbox))
    if client is not None:
        _bound_patience(client)
        response.call_on_close(lambda: _hang_up(client))
    return response


def _scope() -> Scope:
    """Whose news: of one ``scan``, of some ``ids``, of a ``batch``, of all. What ``counts`` names is counted, else the
    batch, or all where the news is of all; ``ids`` beside ``batch`` are scans of it. Raises InvalidField.
    """
    given = [name for name in ("scan", "batch", "ids") if name in request.args]
    if "scan" in given and len(given) > 1:
        raise InvalidField(given[1], f"is given beside {given[0]}", "Ask for one scan, one batch or some ids.")
    ids = [name for name in given if name != "batch"]
    return Scope(
        scan_ids=frozenset(_ids(*ids)) if ids else None,
        batch_id=_id("batch", request.args["batch"]) if "batch" in given else None,
        counts=_counts() if "counts" in request.args else None,
    )


def _ids(name: str) -> list[str]:
    if name == "ids" and not request.args[name] and "counts" in request.args:
        return []  # an empty list, of which the counts tell when it no longer is
    texts = request.args[name].split(",") if name == "ids" else [request.args[name]]
    if len(texts) > MAX_PAGE:
        raise InvalidField(name, f"names more than {MAX_PAGE} scans", "Name those that the page shows.")
    return [_id(name, text) for text in texts]


def _counts() -> frozenset[str | None]:
    names = request.args["counts"].split(",")
    if len(names) > MAX_COUNTED:
        raise InvalidField("counts", f"names more than {MAX_COUNTED} batches", "Name those that the page shows.")
    return frozenset(None if name == ALL else _id("counts", name) for name in names)


def _id(name: str, text: str) -> str:
    parsed = parse_id(text.strip())
    if parsed is None:
        raise InvalidField(name, f"{text[:40]!r} is not an id", "Take it from the answer to the submit.")
    return str(parsed)


def _bound_patience(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        if sys.platform == "linux" and client.family != socket.AF_UNIX:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED_MILLISECONDS)


def _hang_up(client: socket.socket) -> None:
    """Else gunicorn keeps the connection for a next request, and would wait for it before it stops."""
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
