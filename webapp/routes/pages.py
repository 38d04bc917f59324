"""All that people see, under one name, with the answers that its parts share."""

from flask import Blueprint, Response

from webapp.routes import (
    export,
    pages_batches,
    pages_bulk,
    pages_home,
    pages_partials,
    pages_policy,
    pages_scans,
    pages_templates,
    pages_try,
    pages_workers,
)
from webapp.routes.error_pages import error_page
from webapp.routes.retention import gone_words
from webapp.scans.errors import BatchNotFound, InvalidField, ScanNotFound, TemplateNotFound

bp = Blueprint("pages", __name__)
_PARTS = (
    pages_home,
    pages_scans,
    pages_policy,
    pages_bulk,
    pages_batches,
    pages_workers,
    pages_partials,
    pages_try,
    pages_templates,
    export,
)
for part in _PARTS:
    bp.register_blueprint(part.bp)


@bp.errorhandler(ScanNotFound)
def no_such_scan(_: ScanNotFound) -> Response:
    return error_page(404, "No scan has this address. It may be mistyped, or the scan is gone." + gone_words())


@bp.errorhandler(BatchNotFound)
def no_such_batch(_: BatchNotFound) -> Response:
    return error_page(404, "No batch has this address. It may be mistyped, or the batch is gone." + gone_words())


@bp.errorhandler(TemplateNotFound)
def no_such_template(_: TemplateNotFound) -> Response:
    return error_page(404, "No template has this address. It may be mistyped, or the template is gone.")


@bp.errorhandler(InvalidField)
def odd_address(error: InvalidField) -> Response:
    """In a page's address; what is typed into the form is answered beside its field."""
    return error_page(400, f"In its address {error.field} {error.problem}. {error.cure}")
