"""The live stream: news of the scans that a page shows, as server-sent events."""

import contextlib
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, current_app, request
from werkzeug.http import http_date

from webapp.live import handover
from webapp.live.hub import Adopter, get_adopter, get_hub
from webapp.live.places import StreamRefused
from webapp.live.scope import ALL, Scope
from webapp.live.socket_stream import bound_patience
from webapp.routes.gate import known_visitor
from webapp.routes.problems import problem
from webapp.scans.errors import InvalidField
from webapp.scans.queries import MAX_PAGE, parse_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

bp = Blueprint("stream", __name__, url_prefix="/api/v1")

_TYPE: Final = "text/event-stream; charset=utf-8"
_HEADERS: Final = {
    "Cache-Control": "no-store, no-transform",
    # Without it nginx keeps what it is given until its buffer is full.
    "X-Accel-Buffering": "no",
}
#: Batches whose counts one stream may ask for: each is counted again and again while its scans move.
MAX_COUNTED: Final = 20


@bp.get("/events")
def events() -> Response:
    """Gives the connection away where the server lets it; elsewhere a thread is held until the browser goes."""
    try:
        scope = _scope()
    except InvalidField as error:
        return problem(400, "Invalid field", f"{error.field} {error.problem}", field=error.field, cure=error.cure)
    if request.method == "HEAD":
        return Response(content_type=_TYPE, headers=_HEADERS)
    if client := handover.connection_of(request.environ):
        return HandedOver(client, scope, get_adopter(current_app), _owner())
    try:
        return _pulled(scope)
    except StreamRefused as refused:
        return _no_stream(refused)


class HandedOver(Response):
    """Its head is sent, and its body begun, by whoever adopts the connection: only here is the head complete."""

    automatically_set_content_length = False

    def __init__(self, client: socket.socket, scope: Scope, adopter: Adopter, owner: str | None) -> None:
        super().__init__(content_type=_TYPE, headers=_HEADERS)
        self._client = client
        self._scope = scope
        self._adopter = adopter
        self._owner = owner

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        duplicate = handover.duplicate(self._client)
        try:
            self._adopter.adopt(duplicate, self._scope, self._head(environ), owner=self._owner)
        except StreamRefused as refused:
            duplicate.close()
            return _no_stream(refused)(environ, start_response)
        handover.disarm(self._client)
        handover.log_access(environ, self.status_code)
        # gunicorn writes nothing more, and takes the connection for closed.
        raise StopIteration

    def _head(self, environ: "WSGIEnvironment") -> bytes:
        self.headers["Connection"] = "close"
        self.headers["Date"] = http_date()
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in self.get_wsgi_headers(environ))]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def _pulled(scope: Scope) -> Response:
    """Holds a thread until the browser goes, but neither the app's context nor a connection to the database."""
    hub = get_hub(current_app)
    client: Any = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    stream = hub.pull(scope, client, owner=_owner())
    response = Response(hub.chunks(stream), content_type=_TYPE, headers=_HEADERS)
    response.call_on_close(lambda: hub.leave(stream))
    if client is not None:
        bound_patience(client)
        response.call_on_close(lambda: _hang_up(client))
    return response


def _owner() -> str | None:
    """Who shares in one allowance of streams, lest one takes the places of all: a session, or a token."""
    who = known_visitor()
    return who.key if who else None


def _no_stream(refused: StreamRefused) -> Response:
    response = problem(503, "No live stream now", f"{refused} Try again in some seconds.")
    response.headers["Retry-After"] = str(refused.retry_after)
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


def _hang_up(client: socket.socket) -> None:
    """Else gunicorn keeps the connection for a next request, and would wait for it before it stops."""
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
