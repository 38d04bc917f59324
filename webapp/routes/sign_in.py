"""Sign in, by password or by a one-time link, and sign out."""

import uuid
from typing import Final

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from webapp.auth import coming_in, sessions
from webapp.auth.audit import note
from webapp.auth.errors import Busy, LinkSpent
from webapp.auth.rights import Right
from webapp.exposure import is_loopback
from webapp.routes.cookies import forget_session, keep_session
from webapp.routes.gate import known_visitor, needs, visitor
from webapp.routes.hosts import hostname
from webapp.routes.ways_back import safe_way_back
from webapp.settings import Settings

bp = Blueprint("sign_in", __name__)

_WRONG: Final = "That name and password do not go together."
_NEEDS_HTTPS: Final = (
    "Signing in needs https here: over plain http others on the way could read the password. "
    "Whoever runs this server can put TLS in front of it (and count that in TRUSTED_PROXIES), or allow it with "
    "HTTP_PLAINTEXT_OK=1 on a private network."
)


@bp.get("/login")
def form() -> BaseResponse:
    if "t" in request.args:
        return _by_link()
    return redirect(safe_way_back(request.args.get("next"))) if known_visitor() else _page()


@bp.post("/login")
def by_password() -> BaseResponse:
    name = request.form.get("name", "")
    if not _is_private():
        return _page(_NEEDS_HTTPS, status=403)
    try:
        user = coming_in.by_password(name, request.form.get("password", ""), _settings())
    except Busy as error:
        return _page(str(error), status=503)
    if user is None:
        note("sign-in refused", name=name, address=request.remote_addr)
        return _page(_WRONG, status=401)
    note("signed in", user=user.name, how="password", address=request.remote_addr)
    return signed_in(user.id, safe_way_back(request.form.get("next")))


@bp.post("/logout")
@needs(Right.READ, of_person=True)
def sign_out() -> BaseResponse:
    sessions.close_session(visitor().session or "")
    note("signed out", user=visitor().name)
    return signed_out()


@bp.post("/logout/everywhere")
@needs(Right.READ, of_person=True)
def sign_out_everywhere() -> BaseResponse:
    who = visitor()
    assert who.user_id is not None
    note("signed out everywhere", user=who.name, sessions=sessions.close_all(who.user_id))
    return signed_out()


def signed_in(user_id: uuid.UUID, way_on: str) -> BaseResponse:
    """A new session, and nothing of what the browser held before it."""
    before = known_visitor()
    if before is not None and before.session is not None:
        sessions.close_session(before.session)
    session.clear()
    response = redirect(way_on, 303)
    keep_session(response, sessions.open_session(user_id))
    return response


def signed_out() -> BaseResponse:
    session.clear()
    flash("You are signed out.")
    response = redirect(url_for("sign_in.form"), 303)
    forget_session(response)
    return response


def _by_link() -> BaseResponse:
    """A link is spent by a GET, so that a click is enough; what merely looks at it (HEAD) spends nothing."""
    if request.method != "GET":
        return make_response("", 204)
    if not _is_private():
        return _page(_NEEDS_HTTPS, status=403)
    try:
        user = coming_in.by_link(request.args["t"], _settings())
    except LinkSpent as error:
        # The browser that spent it is in already.
        if known_visitor():
            return redirect(url_for("pages.home.index"))
        return _page(f"{error} `tilldone login-link`, on the machine that runs this, prints another one.", status=401)
    note("signed in", user=user.name, how="link", address=request.remote_addr)
    return signed_in(user.id, url_for("pages.home.index"))


def _page(problem: str | None = None, *, status: int = 200) -> Response:
    values = {"name": request.form.get("name", ""), "next": request.values.get("next", "")}
    return make_response(render_template("auth/sign_in.html", problem=problem, values=values), status)


def _is_private() -> bool:
    """Whether nobody on the way can listen."""
    return request.is_secure or _settings().is_http_allowed or is_loopback(hostname(request.host))


def _settings() -> Settings:
    settings: Settings = current_app.extensions["tilldone.settings"]
    return settings
