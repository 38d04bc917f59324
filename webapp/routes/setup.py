"""The first admin: whoever can read the server's log."""

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.auth import coming_in, links
from webapp.auth.audit import note
from webapp.auth.errors import AuthError, Busy, LinkSpent
from webapp.auth.models import Purpose
from webapp.auth.users import ADMIN_NAME
from webapp.routes.passwords_typed import typed_password
from webapp.routes.setup_offer import offer_setup
from webapp.routes.sign_in import signed_in

bp = Blueprint("setup", __name__, url_prefix="/setup")


@bp.get("")
def form() -> BaseResponse:
    if coming_in.is_set_up(current_app.extensions["tilldone.settings"]):
        return redirect(url_for("sign_in.form"))
    offer_setup(is_start=False)
    is_good = links.is_good(request.args.get("t", ""), Purpose.SETUP)
    return _page(request.args.get("t", ""), is_good=is_good, status=200 if is_good else 403)


@bp.post("")
def become_admin() -> BaseResponse:
    secret, name = request.form.get("t", ""), request.form.get("name", "")
    try:
        user_id = coming_in.as_first_admin(secret, name, typed_password())
    except LinkSpent as error:
        note("setup refused", name=name, address=request.remote_addr)
        return _page("", is_good=False, problem=str(error), status=403)
    except AuthError as error:
        return _page(secret, is_good=True, problem=str(error), status=503 if isinstance(error, Busy) else 422)
    note("set up", user=name, address=request.remote_addr)
    return signed_in(user_id, url_for("pages.home.index"))


def _page(secret: str, *, is_good: bool, problem: str | None = None, status: int = 200) -> Response:
    name = request.form.get("name", ADMIN_NAME)
    html = render_template("auth/setup.html", secret=secret, is_good=is_good, problem=problem, name=name)
    return make_response(html, status)
