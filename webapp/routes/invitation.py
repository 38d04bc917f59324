"""An invitation: whoever has the link chooses a password, and is in."""

from flask import Blueprint, Response, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.auth import coming_in, links
from webapp.auth.audit import note
from webapp.auth.errors import AuthError, Busy, LinkSpent
from webapp.routes.passwords_typed import typed_password
from webapp.routes.sign_in import signed_in

bp = Blueprint("invitation", __name__, url_prefix="/invite")


@bp.get("")
def form() -> Response:
    try:
        invited = links.invited_by(request.args.get("t", ""))
    except LinkSpent as error:
        return _page(problem=str(error), status=403)
    return _page(invited.name)


@bp.post("")
def accept() -> BaseResponse:
    secret = request.form.get("t", "")
    try:
        invited = links.invited_by(secret)
        user_id = coming_in.by_invitation(secret, typed_password())
    except LinkSpent as error:
        note("invitation refused", address=request.remote_addr)
        return _page(problem=str(error), status=403)
    except AuthError as error:
        return _page(invited.name, problem=str(error), status=503 if isinstance(error, Busy) else 422)
    note("invitation accepted", user=invited.name, address=request.remote_addr)
    return signed_in(user_id, url_for("pages.home.index"))


def _page(name: str | None = None, *, problem: str | None = None, status: int = 200) -> Response:
    secret = request.values.get("t", "")
    return make_response(render_template("auth/invitation.html", name=name, secret=secret, problem=problem), status)
