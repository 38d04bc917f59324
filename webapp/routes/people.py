"""The users, for admins: invite, change a role, let nobody in any more, hand out another link."""

import uuid

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.auth import links, users
from webapp.auth.audit import note
from webapp.auth.errors import AuthError, LastAdmin, NoSuchUser, OddName
from webapp.auth.models import Purpose
from webapp.auth.rights import Right, Role
from webapp.routes.error_pages import error_page
from webapp.routes.gate import needs, visitor
from webapp.scans import queries

bp = Blueprint("people", __name__, url_prefix="/users")


@bp.errorhandler(NoSuchUser)
def nobody(error: NoSuchUser) -> Response:
    return error_page(404, str(error))


@bp.errorhandler(LastAdmin)
def last_admin(error: LastAdmin) -> Response:
    return _page(problem=str(error), status=409)


@bp.get("")
@needs(Right.ADMIN, of_person=True)
def index() -> Response:
    return _page()


@bp.post("")
@needs(Right.ADMIN, of_person=True)
def invite() -> Response:
    """The link is shown in this answer and nowhere else: a redirect would have to carry it along."""
    name = request.form.get("name", "")
    try:
        role = _role()
        user_id = users.create_user(name, role)
    except AuthError as error:
        return _page(problem=str(error), status=422)
    note("invited", by=visitor().name, user=name, role=role)
    return _page(link=_link(user_id), link_for=users.get_user(user_id).name, status=201)


@bp.post("/<uuid:user_id>/link")
@needs(Right.ADMIN, of_person=True)
def another_link(user_id: uuid.UUID) -> Response:
    """For who lost the first, or forgot their password."""
    user = users.get_user(user_id)
    note("link made", by=visitor().name, user=user.name)
    return _page(link=_link(user.id), link_for=user.name, status=201)


@bp.post("/<uuid:user_id>/role")
@needs(Right.ADMIN, of_person=True)
def change_role(user_id: uuid.UUID) -> BaseResponse:
    try:
        role = _role()
    except OddName as error:
        return _page(problem=str(error), status=422)
    note("role changed", by=visitor().name, user=users.change_role(user_id, role), role=role)
    return _done(f"From now on: {role}.")


@bp.post("/<uuid:user_id>/disable")
@needs(Right.ADMIN, of_person=True)
def disable(user_id: uuid.UUID) -> BaseResponse:
    note("disabled", by=visitor().name, user=users.disable(user_id))
    return _done("They are signed out, and neither they nor their tokens come in any more.")


@bp.post("/<uuid:user_id>/enable")
@needs(Right.ADMIN, of_person=True)
def enable(user_id: uuid.UUID) -> BaseResponse:
    note("enabled", by=visitor().name, user=users.enable(user_id))
    return _done("They may come in again.")


def _role() -> Role:
    role = request.form.get("role", "")
    if role not in set(Role):
        raise OddName("Choose one of the roles: viewer, member, admin.")
    return Role(role)


def _link(user_id: uuid.UUID) -> str:
    return url_for("invitation.form", t=links.create_link(Purpose.INVITE, user_id), _external=True)


def _done(words: str) -> BaseResponse:
    flash(words)
    return redirect(url_for("people.index"), 303)


def _page(*, link: str | None = None, link_for: str = "", problem: str | None = None, status: int = 200) -> Response:
    html = render_template(
        "auth/users.html",
        users=users.list_users(),
        me=visitor().user_id,
        roles=tuple(Role),
        link=link,
        link_for=link_for,
        problem=problem,
        now=queries.server_time(),
        values=request.form if problem else {},
    )
    return make_response(html, status)
