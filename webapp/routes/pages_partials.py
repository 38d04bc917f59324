"""The parts of pages that scripts fetch when news came, rendered by the same templates as the pages."""

import uuid

from flask import Blueprint, Response, make_response, render_template, request

from webapp.routes.forms import read_options
from webapp.routes.json_input import scan_filter
from webapp.routes.listing import PAGE_SIZE, Tabs
from webapp.routes.plan import plan_words
from webapp.routes.scan_view import ScanView
from webapp.scans import queries
from webapp.scans.draft import POLICY_FIELDS
from webapp.scans.queries import MAX_PAGE, parse_id

bp = Blueprint("partials", __name__, url_prefix="/partials")


@bp.after_request
def keep_fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/rows")
def rows() -> str:
    """Those of ``ids``, or a page of the list that the filters choose."""
    if "ids" in request.args:
        texts = request.args["ids"].split(",")[:MAX_PAGE]
        scans = queries.get_scans([scan_id for text in texts if (scan_id := parse_id(text))])
    else:
        scans = queries.list_scans(scan_filter(), limit=PAGE_SIZE, cursor=request.args.get("cursor")).scans
    return render_template("scans/_rows.html", scans=scans, now=queries.server_time())


@bp.get("/counts")
def counts() -> str:
    return render_template("scans/_tabs.html", tabs=Tabs.read(scan_filter()))


@bp.get("/scan/<uuid:scan_id>")
def scan(scan_id: uuid.UUID) -> str:
    return render_template("scans/_live.html", view=ScanView.read(scan_id))


@bp.get("/plan")
def plan() -> Response:
    """What the options that are being typed would do, or which of them cannot be meant."""
    # Only the policy: headers are secrets, and an address ends in logs.
    options, errors = read_options({name: request.args.get(name, "") for name in POLICY_FIELDS})
    words = plan_words(options["policy"]) if not errors else None
    return make_response(render_template("home/_plan.html", words=words, errors=errors))
