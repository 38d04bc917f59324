"""Errors for programs: RFC 9457 problem+json that names the field and the cure."""

from typing import Any, Final

from flask import Blueprint, Response, json, request
from werkzeug.exceptions import HTTPException

from webapp.scans.errors import (
    BatchNotFound,
    ChangedMeanwhile,
    InvalidField,
    NoRoom,
    NotAllowedNow,
    ScanNotFound,
    TemplateNotFound,
)

#: When it is worth asking again whether some scans have ended.
NO_ROOM_SECONDS: Final = 60
_TELLING: Final = frozenset({"Allow", "Retry-After", "WWW-Authenticate"})


def problem(status: int, title: str, detail: str, **extra: Any) -> Response:
    """A problem document; ``title`` is the kind of problem, ``detail`` this one and its cure."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra}
    return Response(json.dumps(document), status, content_type="application/problem+json")


def is_api_request() -> bool:
    return request.path.startswith("/api/")


def register(blueprint: Blueprint) -> None:
    """Give the core's errors their one answer in this blueprint."""
    blueprint.register_error_handler(InvalidField, _invalid_field)
    blueprint.register_error_handler(NoRoom, _no_room)
    blueprint.register_error_handler(NotAllowedNow, _not_allowed_now)
    blueprint.register_error_handler(ChangedMeanwhile, lambda error: problem(409, "Changed meanwhile", str(error)))
    blueprint.register_error_handler(ScanNotFound, lambda _: problem(404, "No such scan", "No scan has this id."))
    blueprint.register_error_handler(BatchNotFound, lambda _: problem(404, "No such batch", "No batch has this id."))
    blueprint.register_error_handler(
        TemplateNotFound, lambda _: problem(404, "No such template", "No template has this id.")
    )
    blueprint.register_error_handler(HTTPException, http_problem)


def http_problem(error: HTTPException) -> Response:
    """Any error of HTTP itself (no such route, wrong method, too large) as a problem."""
    return with_headers_of(error, problem(error.code or 500, error.name, error.description or error.name))


def with_headers_of(error: HTTPException, response: Response) -> Response:
    """What the error tells in headers (when to come back, how to sign in, what is allowed) stays in the answer."""
    for name, value in error.get_headers():
        if name in _TELLING:
            response.headers[name] = value
    return response


def _invalid_field(error: InvalidField) -> Response:
    detail = f"{error.field} {error.problem}"
    return problem(422, "Invalid field", detail, field=error.field, cure=error.cure)


def _no_room(error: NoRoom) -> Response:
    response = problem(429, "No room now", f"{error.field} {error.problem}", field=error.field, cure=error.cure)
    response.headers["Retry-After"] = str(NO_ROOM_SECONDS)
    return response


def _not_allowed_now(error: NotAllowedNow) -> Response:
    return problem(409, "Not possible in this state", str(error), state=error.state)
