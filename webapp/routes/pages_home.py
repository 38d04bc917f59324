"""The home page: the box, and all scans under it."""

from typing import Any, Final

from flask import Blueprint, Response, make_response, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from webapp.routes.forms import ScanForm, read_options
from webapp.routes.json_input import list_cursors, scan_filter
from webapp.routes.listing import Listing, list_url
from webapp.routes.plan import plan_parts
from webapp.routes.sample import sample_url, why_no_sample
from webapp.scans import queries
from webapp.scans.draft import METHODS
from webapp.scans.filters import Filter
from webapp.scans.templates import list_templates

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
    if not is_first_run:
        return _page(ScanForm(), listing)
    why_not = why_no_sample()
    return _page(ScanForm() if why_not else _sample_form(), listing, is_first_run=True, why_no_sample=why_not)


def page_with(form: ScanForm, *, status: int = 422, **parts: Any) -> Response:
    """The home page with a form that was not taken, as it was typed, and what else there is to be shown in it."""
    return _page(form, Listing.read(Filter()), status=status, **parts)


def _page(form: ScanForm, listing: Listing, *, status: int = 200, **parts: Any) -> Response:
    options, errors = read_options(form.values)
    html = render_template(
        "home/index.html",
        form=form,
        listing=listing,
        batches=queries.list_batches(_BATCHES_SHOWN),
        methods=METHODS,
        # The closed options of most visits need none: static/js/template-choice.js asks for them when they open.
        templates=list_templates() if form.has_options else None,
        # What is wrong stands beside its field already.
        **plan_parts(None if errors else options["policy"], {}),
        **parts,
    )
    return make_response(html, status)


def _sample_form() -> ScanForm:
    """For the first visit: a target that fails twice, asked often enough to be watched."""
    return ScanForm(values={"urls": sample_url(), "initial_interval": _SAMPLE_INTERVAL})
