"""The JSON API of single scans: submit, list, look, read the answer, cancel, retry."""

import uuid
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for

from webapp.routes import problems
from webapp.routes.api_templates import with_template
from webapp.routes.changes import Changes, read_changes
from webapp.routes.interruptions import resumed_after
from webapp.routes.json_input import json_object, page_limit, scan_filter, waiting_filter
from webapp.routes.problems import problem
from webapp.routes.scan_json import attempt_json, scan_json
from webapp.routes.security_headers import SANDBOX
from webapp.routes.submitting import (
    cancel_and_tell,
    change_policy_and_tell,
    retry_all_that_wait,
    retry_and_wake,
    submit_and_wake,
)
from webapp.scans import queries
from webapp.scans.draft import Draft
from webapp.scans.errors import InvalidField
from webapp.scans.models import Scan
from webapp.scans.retry_policy import POLICY_FIELDS

bp = Blueprint("api_scans", __name__, url_prefix="/api/v1/scans")
problems.register(bp)


@bp.post("")
def submit() -> tuple[Response, int, dict[str, str]]:
    draft = Draft.parse(with_template(json_object()))
    submission, _ = submit_and_wake([draft])
    scan = queries.get_scan(submission.changes[0].id)
    return jsonify(scan_json(scan)), 201, {"Location": url_for("api_scans.show", scan_id=scan.id)}


@bp.get("")
def index() -> Response:
    page = queries.list_scans(scan_filter(), limit=page_limit(), cursor=request.args.get("cursor"))
    return jsonify(items=[scan_json(scan) for scan in page.scans], next=page.older)


@bp.get("/<uuid:scan_id>")
def show(scan_id: uuid.UUID) -> Response:
    scan = queries.get_scan(scan_id)
    attempts = queries.get_attempts(scan_id)
    resumed = resumed_after(scan, attempts)
    changes = read_changes(scan_id, attempts, queries.get_answer(scan_id))
    told: list[dict[str, Any]] = [
        attempt_json(attempt, resumed.get(attempt.number), changes.get(attempt.number, Changes()))
        for attempt in attempts
    ]
    return jsonify({**_scan_with_policy(scan), "rule": scan.rule.to_json(), "attempts": told})


@bp.patch("/<uuid:scan_id>")
def change(scan_id: uuid.UUID) -> Response:
    """Other options of its policy for a scan that waits or is queued."""
    given = json_object()
    revision = given.pop("revision", None)
    if revision is not None and type(revision) is not int:
        raise InvalidField("revision", "is not a whole number", "Take it from the scan, or leave it out.")
    for name in given:
        if name not in POLICY_FIELDS:
            raise InvalidField(str(name)[:40], "cannot be changed", f"These can: {', '.join(POLICY_FIELDS)}.")
    change_policy_and_tell(scan_id, given, revision=revision)
    return jsonify(_scan_with_policy(queries.get_scan(scan_id)))


@bp.post("/retry")
def retry_all() -> tuple[Response, int]:
    """All that wait for their next attempt, of a batch or a search where one is named."""
    return jsonify(retried=retry_all_that_wait(waiting_filter())), 202


@bp.get("/<uuid:scan_id>/answer")
def answer(scan_id: uuid.UUID) -> Response:
    """The stored body as it came. Only JSON keeps its type: no other content may act in a browser on our origin."""
    scan = queries.get_scan(scan_id)
    stored = queries.get_answer(scan_id)
    if stored is None and queries.dropped_bytes(scan, queries.get_attempts(scan_id)):
        return problem(410, "Answer dropped", "The oldest answers are dropped when all of them outgrow MAX_STORED_MB.")
    if stored is None:
        return problem(404, "No answer yet", f"This scan is {scan.state.value} and no answer was stored so far.")
    response = Response(stored.body, content_type="application/json" if stored.is_json else "text/plain; charset=utf-8")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Tilldone-Attempt"] = str(stored.attempt)
    response.headers["Tilldone-Truncated"] = "true" if stored.is_truncated else "false"
    return response


@bp.post("/<uuid:scan_id>/cancel")
def cancel(scan_id: uuid.UUID) -> Response:
    cancel_and_tell(scan_id)
    return jsonify(scan_json(queries.get_scan(scan_id)))


@bp.post("/<uuid:scan_id>/retry")
def retry(scan_id: uuid.UUID) -> Response:
    retry_and_wake(scan_id)
    return jsonify(scan_json(queries.get_scan(scan_id)))


def _scan_with_policy(scan: Scan) -> dict[str, Any]:
    return {**scan_json(scan), "policy": scan.policy.to_json()}
