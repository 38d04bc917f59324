"""A batch: how far it is, and its scans."""

import dataclasses
import uuid

from flask import Blueprint, render_template, request

from webapp.routes.json_input import scan_filter
from webapp.routes.listing import Listing
from webapp.routes.progress import Progress
from webapp.scans import queries

bp = Blueprint("batches", __name__, url_prefix="/batches")


@bp.get("/<uuid:batch_id>")
def show(batch_id: uuid.UUID) -> str:
    batch = queries.get_batch(batch_id)
    which = dataclasses.replace(scan_filter(), batch_id=batch_id)
    listing = Listing.read(which, request.args.get("cursor"))
    # The bar shows the whole batch, whatever the list is filtered by.
    counts = queries.count_by_state(queries.Filter(batch_id=batch_id)) if which.text else listing.tabs.counts
    progress = Progress.of(counts)
    return render_template("batches/show.html", batch=batch, listing=listing, progress=progress, now=listing.now)
