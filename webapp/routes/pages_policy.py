"""Changing the policy of a scan that waits, with a preview of what comes of it."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webapp.auth.rights import Right
from webapp.routes.gate import needs
from webapp.routes.plan import PlanView, plan_parts, plan_words
from webapp.routes.policy_form import PolicyForm, read_fields
from webapp.routes.submitting import change_policy_and_tell
from webapp.scans import lifecycle, queries
from webapp.scans.errors import ChangedMeanwhile, InvalidField, NotAllowedNow

bp = Blueprint("policy", __name__, url_prefix="/scans/<uuid:scan_id>/policy")


@bp.get("")
@needs(Right.SUBMIT)
def form(scan_id: uuid.UUID) -> Response:
    scan = queries.get_scan(scan_id)
    if words := _why_not(scan_id):
        flash(words)
        return _to_scan(scan_id)
    return _page(scan_id, PolicyForm.of(scan.policy), based_on=scan.policy.fingerprint)


@bp.post("")
def change(scan_id: uuid.UUID) -> Response:
    fields, errors = read_fields(request.form)
    based_on = request.form.get("based_on", "")
    try:
        if not errors:
            change_policy_and_tell(scan_id, fields, based_on=based_on)
    except InvalidField as error:
        errors = {error.field: error}
    except (NotAllowedNow, ChangedMeanwhile) as error:
        flash(f"Nothing was changed. {error}")
        return _to_scan(scan_id)
    if errors:
        return _page(scan_id, PolicyForm(fields, errors), based_on=based_on, status=422)
    return _to_scan(scan_id)


@bp.get("/plan")
@needs(Right.SUBMIT)
def plan(scan_id: uuid.UUID) -> Response:
    """What the fields that are being typed would make of this scan."""
    fields, errors = read_fields(request.args)
    return make_response(render_template("home/_plan_now.html", **_plan_parts(scan_id, fields, errors)))


def _page(scan_id: uuid.UUID, form: PolicyForm, *, based_on: str, status: int = 200) -> Response:
    parts = _plan_parts(scan_id, form.values, form.errors)
    # What is wrong stands beside its field already.
    parts["plan_errors"] = {name: error for name, error in parts["plan_errors"].items() if name not in form.errors}
    scan = queries.get_scan(scan_id)
    return make_response(render_template("scans/policy.html", scan=scan, form=form, based_on=based_on, **parts), status)


def _plan_parts(scan_id: uuid.UUID, fields: Mapping[str, str], errors: Mapping[str, InvalidField]) -> dict[str, Any]:
    try:
        if errors:
            return plan_parts(None, errors)
        policy, due_at = lifecycle.preview_policy(scan_id, fields)
    except InvalidField as error:
        return plan_parts(None, {error.field: error})
    except NotAllowedNow as error:
        return {"plan_errors": {}, "plan_words": str(error), "plan": None}
    scan, attempts = queries.get_scan(scan_id), queries.get_attempts(scan_id)
    view = PlanView.of_scan(scan, attempts, policy=policy, due_at=due_at)
    return {"plan_errors": {}, "plan_words": plan_words(policy), "plan": view}


def _why_not(scan_id: uuid.UUID) -> str | None:
    try:
        lifecycle.preview_policy(scan_id, {})
    except NotAllowedNow as error:
        return str(error)
    except InvalidField:
        # Its own policy leaves it nothing more, as when its deadline has just come: it needs another one all the more.
        return None
    return None


def _to_scan(scan_id: uuid.UUID) -> Response:
    return redirect(url_for("pages.scans.show", scan_id=scan_id), 303)
