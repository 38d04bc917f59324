"""The page of whoever is signed in: who they are, their password, and the way out everywhere."""

from flask import Blueprint, Response, current_app, flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.auth import coming_in, sessions, users
from webapp.auth.audit import note
from webapp.auth.errors import AuthError, Busy
from webapp.auth.models import User
from webapp.auth.rights import Right
from webapp.routes.gate import needs, visitor
from webapp.routes.passwords_typed import typed_password
from webapp.routes.sign_in import signed_in

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
@needs(Right.READ, of_person=True)
def show() -> Response:
    return _page()


@bp.post("/password")
@needs(Right.READ, of_person=True)
def change_password() -> BaseResponse:
    """All other sessions end; who knew the old password may be in one of them."""
    user = _me()
    settings = current_app.extensions["tilldone.settings"]
    try:
        if coming_in.has_password(user, settings) and not _knows_the_old_one(user):
            note("password change refused", user=user.name, address=request.remote_addr)
            return _page("The old password is another one.", status=401)
        users.set_password(user.id, user.name, typed_password())
    except AuthError as error:
        return _page(str(error), status=503 if isinstance(error, Busy) else 422)
    note("password changed", user=user.name, address=request.remote_addr)
    response = signed_in(user.id, url_for("account.show"))
    flash("Your password is changed. Every other session of yours has ended.")
    return response


def _knows_the_old_one(user: User) -> bool:
    settings = current_app.extensions["tilldone.settings"]
    return coming_in.by_password(user.name, request.form.get("old", ""), settings) is not None


def _me() -> User:
    user_id = visitor().user_id
    assert user_id is not None
    return users.get_user(user_id)


def _page(problem: str | None = None, *, status: int = 200) -> Response:
    user, settings = _me(), current_app.extensions["tilldone.settings"]
    html = render_template(
        "auth/account.html",
        user=user,
        problem=problem,
        has_password=coming_in.has_password(user, settings),
        is_given=coming_in.is_password_given(user, settings),
        sessions=sessions.count_sessions(user.id),
    )
    return make_response(html, status)
