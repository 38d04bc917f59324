"""Scans: submit them, look at one, and what a person may do to it."""

import uuid
from dataclasses import replace
from typing import Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.routes.curl_paste import is_curl
from webapp.routes.forms import ScanForm
from webapp.routes.host_notice import too_many_for_a_host
from webapp.routes.pages_home import page_with
from webapp.routes.pasting import filled_in
from webapp.routes.problems import NO_ROOM_SECONDS
from webapp.routes.scan_view import ScanView
from webapp.routes.security_headers import SANDBOX
from webapp.routes.submitting import cancel_and_tell, retry_and_wake, submit_and_wake
from webapp.scans import queries
from webapp.scans.draft import Draft
from webapp.scans.errors import InvalidField, NoRoom, NotAllowedNow
from webapp.scans.sealing import SealBroken

bp = Blueprint("scans", __name__, url_prefix="/scans")

_BROKER_AWAY: Final = "It is stored, but the queue is away: it starts as soon as the queue is back."


@bp.post("")
def submit() -> BaseResponse:
    if is_curl(request.form.get("urls", "")):
        # For who has no scripts: what it means is looked at before it is sent.
        form = filled_in(request.form)
        return page_with(form, status=422 if form.errors else 200)
    form = ScanForm.read(request.form)
    if not form.drafts or (form.bad_lines and "skip_bad" not in request.form):
        return page_with(form)
    is_batch = len(form.drafts) > 1 or form.host_limits.are_set
    name = form.values["name"].strip() if is_batch else None
    try:
        submission, is_awake = submit_and_wake(form.drafts, name, form.host_limits)
    except NoRoom as error:
        page = page_with(replace(form, errors={error.field: error}), status=429)
        page.headers["Retry-After"] = str(NO_ROOM_SECONDS)
        return page
    except InvalidField as error:
        return page_with(replace(form, errors={error.field: error}))
    if not is_awake:
        flash(_BROKER_AWAY)
    if notice := too_many_for_a_host(form.drafts, form.host_limits):
        flash(notice)
    if form.bad_lines:
        flash(_left_out(len(form.bad_lines)))
    if submission.batch_id is not None:
        return redirect(url_for("pages.batches.show", batch_id=submission.batch_id), 303)
    return _to_scan(submission.changes[0].id)


@bp.get("/<uuid:scan_id>")
def show(scan_id: uuid.UUID) -> str:
    return render_template("scans/show.html", view=ScanView.read(scan_id))


@bp.get("/<uuid:scan_id>/answer")
def answer(scan_id: uuid.UUID) -> Response:
    """The stored body as a file. It is somebody else's content: a browser must save it, never show it as ours."""
    stored = queries.get_answer(scan_id)
    if stored is None:
        return Response("This scan has no answer yet.\n", 404, content_type="text/plain; charset=utf-8")
    kind, ending = ("application/json", "json") if stored.is_json else ("text/plain; charset=utf-8", "txt")
    response = Response(stored.body, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="scan-{scan_id}.{ending}"'
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@bp.post("/<uuid:scan_id>/cancel")
def cancel(scan_id: uuid.UUID) -> BaseResponse:
    try:
        cancel_and_tell(scan_id)
    except NotAllowedNow as error:
        flash(str(error))
    return _to_scan(scan_id)


@bp.post("/<uuid:scan_id>/retry")
def retry(scan_id: uuid.UUID) -> BaseResponse:
    try:
        if not retry_and_wake(scan_id):
            flash(_BROKER_AWAY)
    except NotAllowedNow as error:
        flash(str(error))
    return _to_scan(scan_id)


@bp.post("/<uuid:scan_id>/again")
def again(scan_id: uuid.UUID) -> BaseResponse:
    """A new scan of the same request under the same policy."""
    scan = queries.get_scan(scan_id)
    try:
        secrets = queries.get_secrets(scan_id)
    except SealBroken as error:
        flash(f"{error} Scan it again from the home page, with its headers.")
        return _to_scan(scan_id)
    draft = Draft(
        url=scan.url,
        method=scan.method,
        headers=secrets.headers,
        body=secrets.body,
        policy=scan.policy,
        rule=scan.rule,
    )
    submission, is_awake = submit_and_wake([draft])
    if not is_awake:
        flash(_BROKER_AWAY)
    return _to_scan(submission.changes[0].id)


def _to_scan(scan_id: uuid.UUID) -> BaseResponse:
    return redirect(url_for("pages.scans.show", scan_id=scan_id), 303)


def _left_out(count: int) -> str:
    return (
        "One line was left out: it was no URL." if count == 1 else f"{count:,} lines were left out: they were no URLs."
    )
