"""The two cookies: who is signed in, and what Flask signs (the form's token, notices); both safe where it is https."""

from typing import Final

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response

from webapp.auth.sessions import ABSOLUTE_SECONDS

_SESSION: Final = "session"
_SIGNED: Final = "page"
#: A browser takes such a cookie over https alone, and from this very host alone.
_HOST_ONLY: Final = "__Host-"


class SignedCookie(SecureCookieSessionInterface):
    """Flask's own, named as the request's scheme allows."""

    def get_cookie_name(self, app: Flask) -> str:
        return _name(_SIGNED)

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def init_app(app: Flask) -> None:
    app.session_interface = SignedCookie()
    app.config.update(SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_PATH="/")


def session_secret() -> str | None:
    return request.cookies.get(_name(_SESSION))


def keep_session(response: Response, secret: str) -> None:
    response.set_cookie(
        _name(_SESSION), secret, max_age=ABSOLUTE_SECONDS, secure=request.is_secure, httponly=True, samesite="Lax"
    )


def forget_session(response: Response) -> None:
    response.delete_cookie(_name(_SESSION), secure=request.is_secure, httponly=True, samesite="Lax")


def _name(name: str) -> str:
    return f"{_HOST_ONLY}{name}" if request.is_secure else name
