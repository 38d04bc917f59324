"""API tokens: make one, see it once, revoke it. People see their own, admins all."""

import uuid
from typing import Final

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.auth import tokens
from webapp.auth.audit import note
from webapp.auth.errors import AuthError, OddName
from webapp.auth.rights import Right, Scope
from webapp.routes.gate import needs, visitor
from webapp.scans import queries

bp = Blueprint("tokens", __name__, url_prefix="/tokens")

#: What the form offers; None is for ever.
LIVES: Final = {"30": 30, "90": 90, "365": 365, "never": None}


@bp.get("")
@needs(Right.READ, of_person=True)
def index() -> Response:
    return _page()


@bp.post("")
@needs(Right.READ, of_person=True)
def create() -> Response:
    """Shown in this answer and nowhere else: a redirect would have to carry it along."""
    who, name = visitor(), request.form.get("name", "")
    try:
        scope, days = _scope(), _days()
        token = tokens.create_token(name, scope, user_id=who.user_id, days=days)
    except AuthError as error:
        return _page(problem=str(error), status=422)
    note("token made", user=who.name, token=name, scope=scope, days=days)
    return _page(token, status=201)


@bp.post("/<uuid:token_id>/revoke")
@needs(Right.READ, of_person=True)
def revoke(token_id: uuid.UUID) -> BaseResponse:
    who = visitor()
    if not tokens.revoke_token(token_id, user_id=None if who.may(Right.ADMIN) else who.user_id):
        abort(404, "There is no such token, or it is not yours.")
    note("token revoked", user=who.name, token=token_id)
    flash("The token is revoked: it opens nothing any more.")
    return redirect(url_for("tokens.index"), 303)


def _scope() -> Scope:
    scope = request.form.get("scope", "")
    if scope not in set(Scope) or not visitor().may(Scope(scope).right):
        raise OddName("Choose a scope that your own role covers.")
    return Scope(scope)


def _days() -> int | None:
    if request.form.get("life") not in LIVES:
        raise OddName("Choose how long the token is good.")
    return LIVES[request.form["life"]]


def _page(made: str | None = None, *, problem: str | None = None, status: int = 200) -> Response:
    who = visitor()
    is_admin = who.may(Right.ADMIN)
    html = render_template(
        "auth/tokens.html",
        made=made,
        problem=problem,
        listed=tokens.list_tokens(None if is_admin else who.user_id),
        scopes=[scope for scope in Scope if who.may(scope.right)],
        is_admin=is_admin,
        values=request.form if problem else {},
        now=queries.server_time(),
    )
    return make_response(html, status)
