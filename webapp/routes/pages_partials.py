"""The parts of pages that scripts fetch when news came, rendered by the same templates as the pages."""

import datetime as dt
import uuid
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from webapp.routes.forms import read_options
from webapp.routes.json_input import list_cursors, scan_filter
from webapp.routes.listing import Tabs, list_url
from webapp.routes.newcomers import count_newcomers
from webapp.routes.pasting import filled_in
from webapp.routes.plan import plan_parts
from webapp.routes.progress import Progress
from webapp.routes.scan_view import ScanView
from webapp.scans import queries
from webapp.scans.batch_report import failure_groups
from webapp.scans.draft import METHODS
from webapp.scans.queries import MAX_PAGE, Filter, parse_id
from webapp.scans.retry_policy import POLICY_FIELDS
from webapp.scans.templates import list_templates

bp = Blueprint("partials", __name__, url_prefix="/partials")


@bp.after_request
def keep_fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/list")
def list_now() -> str:
    """How a list stands whose page shows the scans ``shown``, each as ``id`` or ``id.revision``.

    With ``rows`` those are drawn again that have another revision by now.
    """
    which = scan_filter()
    shown = _shown(request.args.get("shown", ""))
    tabs = Tabs.read(which)
    now = queries.server_time()
    return render_template(
        "scans/_list_now.html",
        tabs=tabs,
        newcomers=0 if any(list_cursors().values()) else count_newcomers(which, shown),
        newest_url=list_url(which),
        scans=queries.get_changed_scans(shown) if "rows" in request.args else [],
        now=now,
        **_batch_now(which, now),
    )


def _shown(text: str) -> dict[uuid.UUID, int | None]:
    """What is no id is passed over."""
    shown: dict[uuid.UUID, int | None] = {}
    for part in text.split(",")[:MAX_PAGE]:
        name, _, revision = part.partition(".")
        if scan_id := parse_id(name):
            shown[scan_id] = (
                int(revision) if revision.isascii() and revision.isdecimal() and len(revision) < 10 else None
            )
    return shown


def _batch_now(which: Filter, now: dt.datetime) -> dict[str, Any]:
    if which.batch_id is None:
        return {}
    batch = queries.get_batch(which.batch_id)
    return {"batch": batch, "progress": Progress.read(batch, now), "failures": failure_groups(batch.id)}


@bp.get("/batch/<uuid:batch_id>")
def batch(batch_id: uuid.UUID) -> str:
    """What no news tell of a batch: its rate, its likely end, and why scans of it failed."""
    now = queries.server_time()
    return render_template("batches/_now.html", now=now, **_batch_now(Filter(batch_id=batch_id), now))


@bp.get("/scan/<uuid:scan_id>")
def scan(scan_id: uuid.UUID) -> str:
    return render_template("scans/_live.html", view=ScanView.read(scan_id))


@bp.get("/plan")
def plan() -> Response:
    """What the options that are being typed would do, or which of them cannot be meant."""
    # Only the policy: headers are secrets, and an address ends in logs.
    options, errors = read_options({name: request.args.get(name, "") for name in POLICY_FIELDS})
    return make_response(render_template("home/_plan_now.html", **plan_parts(options.get("policy"), errors)))


@bp.post("/paste")
def paste() -> str:
    """The form as a curl command fills it in. Posted: the command holds secrets, and an address ends in logs."""
    form = filled_in(request.form)
    options, errors = read_options(form.values)
    parts = plan_parts(None if errors else options["policy"], {})
    parts |= {"methods": METHODS, "templates": list_templates()}
    return render_template("home/_box.html", form=form, listing=None, **parts)
