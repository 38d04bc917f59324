"""Deny by default: who asks, and whether they may; every route needs a visitor unless it is listed here."""

from collections.abc import Callable
from typing import Final, NoReturn, ParamSpec, TypeVar, cast

from flask import Flask, abort, current_app, g, redirect, request, url_for
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import ServiceUnavailable, Unauthorized
from werkzeug.wrappers import Response

from webapp.auth import coming_in, sessions, tokens
from webapp.auth.rights import Right, Visitor
from webapp.routes.cookies import session_secret
from webapp.routes.csrf import refuse_without_token
from webapp.routes.hosts import HEALTH
from webapp.routes.setup_offer import offer_setup
from webapp.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

#: Open before there is an admin.
OPEN: Final = HEALTH | {"static", "setup.form", "setup.become_admin"}
#: Open to strangers once there is one.
DOORS: Final = frozenset(
    {"sign_in.form", "sign_in.by_password", "invitation.form", "invitation.accept", "sample.flaky"}
)
PUBLIC: Final = OPEN | DOORS
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: A stranger sends a name and a password, and no more.
_STRANGERS_BYTES: Final = 64 * 1024
_NEED: Final = "tilldone_need"
_FOR_PEOPLE: Final = "tilldone_for_people"
_SET_UP: Final = "tilldone.is_set_up"
_NO_ADMIN: Final = "Nobody can sign in yet. The log of the web process has a link by which the first admin is made."
_RETRY_AFTER_SECONDS: Final = 30


def needs(right: Right, *, of_person: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """What a view needs, when it is not READ to look and SUBMIT for anything else; ``of_person``: and no token."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        setattr(view, _NEED, right)
        setattr(view, _FOR_PEOPLE, of_person)
        return view

    return mark


def init_app(app: Flask) -> None:
    app.before_request(admit)
    app.after_request(keep_to_ourselves)
    app.jinja_env.globals.update(visitor=known_visitor, Right=Right)


def visitor() -> Visitor:
    """Who asks, in a view that is not public."""
    return cast(Visitor, g.visitor)


def known_visitor() -> Visitor | None:
    """For templates, which error pages share with strangers."""
    return cast(Visitor | None, g.get("visitor"))


def admit() -> Response | None:
    """Before each request, whatever it asks for: also for what is not there."""
    if request.endpoint in PUBLIC:
        request.max_content_length = _STRANGERS_BYTES
    if request.endpoint not in OPEN:
        # A token was made by whoever runs the server: it needs no admin.
        if bearer_token() is None:
            _refuse_before_setup()
        g.visitor = find_visitor()
    if request.endpoint not in PUBLIC:
        if g.visitor is None:
            return _turn_away()
        _refuse_without_right(g.visitor)
    _check_form(known_visitor())
    return None


def keep_to_ourselves(response: Response) -> Response:
    """What was shown to somebody who signed in stays out of every cache."""
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def find_visitor() -> Visitor | None:
    """A request with a token is a program's: its cookies count for nothing."""
    token = bearer_token()
    if token is not None:
        return tokens.find_visitor(token)
    secret = session_secret()
    return sessions.find_visitor(secret) if secret else None


def bearer_token() -> str | None:
    """Only of this scheme: a proxy in front may have a password of its own, which browsers send along."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else None


def _refuse_before_setup() -> None:
    state = current_app.extensions
    settings: Settings = state["tilldone.settings"]
    if state.get(_SET_UP):
        return
    # Only what is found is kept: an admin does not go away, the last one cannot be removed.
    if coming_in.is_set_up(settings):
        state[_SET_UP] = True
        return
    offer_setup(is_start=False)
    raise ServiceUnavailable(_NO_ADMIN, retry_after=_RETRY_AFTER_SECONDS)


def _turn_away() -> Response:
    """People go to the sign-in page and come back; what scripts and programs ask for is refused."""
    is_page = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    is_for_script = request.path.startswith(("/api/", "/partials/")) or not is_page
    if is_for_script or request.method not in _SAFE_METHODS or bearer_token() is not None:
        raise Unauthorized(_how_to_come_in(), www_authenticate=WWWAuthenticate("bearer"))
    way_back = request.full_path if request.query_string else request.path
    return redirect(url_for("sign_in.form", next=None if way_back == "/" else way_back), 303)


def _how_to_come_in() -> str:
    if bearer_token() is not None:
        return (
            "This token is unknown, revoked, or too old. Make one on the page Tokens, or with `tilldone token create`."
        )
    return "Sign in first; a program sends `Authorization: Bearer` with an API token."


def _refuse_without_right(who: Visitor) -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, _FOR_PEOPLE, False) and not who.is_person:
        abort(403, "A token cannot do this: sign in as a person.")
    usual = Right.READ if request.method in _SAFE_METHODS else Right.SUBMIT
    need: Right = getattr(view, _NEED, usual)
    if not who.may(need):
        _forbid(who, need)


def _forbid(who: Visitor, need: Right) -> NoReturn:
    what = "change anything" if need is Right.SUBMIT else "do this: it is for admins"
    cure = "Ask an admin for another role." if who.is_person else f"Make one of the scope {need.name.lower()}."
    abort(403, f"{'You' if who.is_person else 'This token'} may look, but not {what}. {cure}")


def _check_form(who: Visitor | None) -> None:
    """A program is known by its token, which no page can make a browser send."""
    is_program = who is not None and not who.is_person
    if request.method not in _SAFE_METHODS and request.endpoint is not None and not is_program:
        refuse_without_token()
