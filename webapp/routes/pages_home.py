"""The home page: the box, and all scans under it."""

import secrets
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.routes.forms import ScanForm, read_options
from webapp.routes.json_input import list_cursors, scan_filter
from webapp.routes.listing import Listing, list_url
from webapp.routes.plan import plan_words
from webapp.scans import queries
from webapp.scans.draft import METHODS
from webapp.scans.filters import Filter

bp = Blueprint("home", __name__)

_SAMPLE_INTERVAL: Final = "2s"
_BATCHES_SHOWN: Final = 6


@bp.get("/")
def index() -> BaseResponse:
    which = scan_filter()
    if which.batch_id is not None:
        return redirect(list_url(which, **list_cursors()))
    listing = Listing.read(which, **list_cursors())
    is_first_run = listing.tabs.total.value == 0 and not listing.is_filtered
    return _page(_sample_form() if is_first_run else ScanForm(), listing, is_first_run=is_first_run)


def page_with(form: ScanForm) -> Response:
    """The home page with a form that could not be taken, as it was typed."""
    return _page(form, Listing.read(Filter()), is_first_run=False, status=422)


def _page(form: ScanForm, listing: Listing, *, is_first_run: bool, status: int = 200) -> Response:
    options, errors = read_options(form.values)
    html = render_template(
        "home/index.html",
        form=form,
        listing=listing,
        is_first_run=is_first_run,
        batches=queries.list_batches(_BATCHES_SHOWN),
        methods=METHODS,
        plan=None if errors else plan_words(options["policy"]),
    )
    return make_response(html, status)


def _sample_form() -> ScanForm:
    """For the first visit: a target that fails twice, asked often enough to be watched."""
    url = f"{request.url_root}sample/flaky/{secrets.token_hex(8)}"
    return ScanForm(values={"urls": url, "initial_interval": _SAMPLE_INTERVAL})
