"""The page of the workers, and the parts of pages that tell of them."""

from flask import Blueprint, Response, render_template

from webapp.routes.workers_view import MAX_LISTED, WorkersView

bp = Blueprint("workers", __name__)


@bp.after_request
def keep_fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/workers")
def show() -> str:
    return render_template("workers/show.html", view=WorkersView.read(), max_listed=MAX_LISTED)


@bp.get("/partials/workers")
def live() -> str:
    return render_template("workers/_live.html", view=WorkersView.read(), max_listed=MAX_LISTED)


@bp.get("/partials/standing")
def standing() -> str:
    """What keeps scans from going on; asked every few seconds by each page that is looked at."""
    return render_template("layouts/_standing.html")
