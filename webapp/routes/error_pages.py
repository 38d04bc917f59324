"""Errors for people: what happened, and the way on."""

from typing import Final

from flask import Flask, Response, make_response, render_template
from werkzeug.exceptions import HTTPException

from webapp.routes.problems import http_problem, is_api_request

_TITLES: Final = {
    400: "That address cannot be right",
    403: "Not from there",
    404: "Nothing here",
    405: "Not in this way",
    413: "Too much at once",
    500: "Something broke on our side",
    503: "Not now",
}
_CURES: Final = {
    404: "The address may be mistyped, or what was here is gone.",
    405: "Go back and use the page's own buttons.",
    413: "Send it in several parts.",
    500: "Your scans are safe: they are stored and go on. Try again; if it happens twice, the server's log says why.",
    503: "Try again in some seconds.",
}


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, answer_http_error)


def answer_http_error(error: HTTPException) -> Response:
    """A page for people, a problem document for programs."""
    if is_api_request():
        return http_problem(error)
    status = error.code or 500
    response = error_page(status, _CURES.get(status) or error.description or error.name)
    if allowed := dict(error.get_headers()).get("Allow"):
        response.headers["Allow"] = allowed
    return response


def error_page(status: int, words: str) -> Response:
    title = _TITLES.get(status, "That did not work")
    return make_response(render_template("errors/error.html", status=status, title=title, words=words), status)
