"""A batch: how far it is, and its scans."""

import dataclasses
import uuid

from flask import Blueprint, render_template

from webapp.routes.json_input import list_cursors, scan_filter
from webapp.routes.listing import Listing
from webapp.routes.progress import Progress
from webapp.scans import queries
from webapp.scans.batch_report import failure_groups

bp = Blueprint("batches", __name__, url_prefix="/batches")


@bp.get("/<uuid:batch_id>")
def show(batch_id: uuid.UUID) -> str:
    batch = queries.get_batch(batch_id)
    which = dataclasses.replace(scan_filter(), batch_id=batch_id)
    listing = Listing.read(which, **list_cursors())
    return render_template(
        "batches/show.html",
        batch=batch,
        listing=listing,
        progress=Progress.read(batch, listing.now),
        failures=failure_groups(batch_id),
        now=listing.now,
    )
