"""All scans of a list that wait, tried now: how many they are is said before it is done."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webapp.auth.rights import Right
from webapp.routes.gate import needs
from webapp.routes.json_input import waiting_filter
from webapp.routes.listing import list_url
from webapp.routes.submitting import retry_all_that_wait
from webapp.scans import queries
from webapp.scans.waiting import count_waiting

bp = Blueprint("bulk", __name__, url_prefix="/scans/retry")


@bp.get("")
@needs(Right.SUBMIT)
def confirm() -> str:
    which = waiting_filter()
    return render_template(
        "scans/retry.html",
        which=which,
        count=count_waiting(which),
        batch=queries.get_batch(which.batch_id) if which.batch_id else None,
        action=url_for("pages.bulk.retry", batch=which.batch_id, q=which.text or None),
        back=list_url(which),
    )


@bp.post("")
def retry() -> Response:
    which = waiting_filter()
    count = retry_all_that_wait(which)
    flash(f"{count:,} {'scan is' if count == 1 else 'scans are'} tried now, as soon as there is a place for each.")
    return redirect(list_url(which), 303)
