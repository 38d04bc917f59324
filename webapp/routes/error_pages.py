"""Errors for people: what happened, and the way on."""

import logging
from typing import Final

from flask import Flask, Response, make_response, render_template
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException, ServiceUnavailable, TooManyRequests

from webapp.routes.problems import http_problem, is_api_request, with_headers_of
from webapp.routes.throttle import seconds_to_wait
from webapp.routes.words import span

log = logging.getLogger(__name__)

_DATABASE_AWAY: Final = (
    "The database cannot be reached. What was submitted before is safe, and goes on when it is back. "
    "Try again in some seconds."
)
_RETRY_AFTER_SECONDS: Final = 5
_TITLES: Final = {
    400: "That cannot be right",
    401: "Not signed in",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not in this way",
    413: "Too much at once",
    429: "Not so fast",
    500: "Something broke on our side",
    503: "Not now",
}
_CURES: Final = {
    404: "The address may be mistyped, or what was here is gone.",
    405: "Go back and use the page's own buttons.",
    413: "Send it in several parts.",
    500: "Your scans are safe: they are stored and go on. Try again; if it happens twice, the server's log says why.",
}


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(RateLimitExceeded, _answer_too_fast)
    for error in (OperationalError, InterfaceError):
        app.register_error_handler(error, _answer_database_away)


def answer_http_error(error: HTTPException) -> Response:
    """A page for people, a problem document for programs."""
    if is_api_request():
        return http_problem(error)
    status = error.code or 500
    return with_headers_of(error, error_page(status, _CURES.get(status) or error.description or error.name))


def _answer_too_fast(error: RateLimitExceeded) -> Response:
    seconds = seconds_to_wait(error)
    words = f"Too many tries, so this one was not looked at. Try again in {span(seconds)} at the latest."
    return answer_http_error(TooManyRequests(words, retry_after=seconds))


def _answer_database_away(error: OperationalError | InterfaceError) -> Response:
    log.error("the database is away error=%s", type(error.orig).__name__)
    response = answer_http_error(ServiceUnavailable(_DATABASE_AWAY))
    response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    return response


def error_page(status: int, words: str) -> Response:
    title = _TITLES.get(status, "That did not work")
    return make_response(render_template("errors/error.html", status=status, title=title, words=words), status)
