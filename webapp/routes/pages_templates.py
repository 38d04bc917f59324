"""Templates: make, look, change, delete; and fill the home page's form with one."""

import uuid
from typing import Final

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.auth.audit import note
from webapp.auth.rights import Right
from webapp.routes.forms import USUAL_CHOICES, ScanForm
from webapp.routes.gate import needs, visitor
from webapp.routes.pages_home import page_with
from webapp.routes.template_form import headers_after, values_of
from webapp.scans import templates
from webapp.scans.errors import InvalidField
from webapp.scans.sealing import SealBroken
from webapp.scans.templates import TEMPLATE_FIELDS, Template

bp = Blueprint("templates", __name__, url_prefix="/templates")

_TYPED: Final = ("name", "headers", *TEMPLATE_FIELDS)
#: What is stored is shown by name alone; this is said where not even the names can be read.
_SEALED: Final = "Its headers cannot be opened with the keys of this server: give them again."


@bp.get("")
def index() -> str:
    return render_template("templates/index.html", templates=templates.list_templates())


@bp.get("/choice")
@needs(Right.SUBMIT)
def choice() -> str:
    """The part of the form in which one is chosen."""
    return render_template("home/_template.html", form=ScanForm(), templates=templates.list_templates())


@bp.get("/new")
@needs(Right.SUBMIT)
def new() -> Response:
    return _page(None, {})


@bp.post("")
def create() -> BaseResponse:
    return _save(None)


@bp.get("/<uuid:template_id>")
@needs(Right.SUBMIT)
def show(template_id: uuid.UUID) -> Response:
    template = templates.get_template(template_id)
    return _page(template, {"name": template.name, **values_of(template)})


@bp.post("/<uuid:template_id>")
def update(template_id: uuid.UUID) -> BaseResponse:
    return _save(templates.get_template(template_id))


@bp.post("/<uuid:template_id>/delete")
def delete(template_id: uuid.UUID) -> BaseResponse:
    templates.remove(template_id)
    note("template deleted", user=visitor().name, template=template_id)
    flash("The template is deleted. Scans that were submitted with it stay as they are.")
    return redirect(url_for("pages.templates.index"), 303)


@bp.post("/use")
def use() -> Response:
    """Put a template into the fields of the home page's form, where it can be changed; other things typed stay."""
    try:
        template = templates.find_template(request.form.get("template", ""))
    except InvalidField as error:
        return page_with(ScanForm(values=dict(request.form.items()), errors={"template": error}))
    typed = {name: value for name, value in request.form.items() if name not in TEMPLATE_FIELDS}
    chosen = {"template": str(template.id), "filled": str(template.id)}
    return page_with(ScanForm(values={**typed, **values_of(template), **chosen}), status=200)


def _save(template: Template | None) -> BaseResponse:
    typed = {name: request.form.get(name, "").replace("\r\n", "\n").strip() for name in _TYPED}
    try:
        headers = headers_after(template, typed, request.form.getlist("drop"))
        # A list of choices sends its first word, chosen or not.
        options = {name: typed[name] for name in TEMPLATE_FIELDS if typed[name] not in USUAL_CHOICES}
        template_id = templates.save(typed["name"], options, headers, of=template.id if template else None)
    except InvalidField as error:
        return _page(template, typed, error)
    except SealBroken:
        return _page(template, typed, InvalidField("headers", "cannot be kept", _SEALED))
    note("template saved", user=visitor().name, template=template_id)
    flash("The template is saved. Scans that were submitted before stay as they are.")
    return redirect(url_for("pages.templates.index"), 303)


def _page(template: Template | None, values: dict[str, str], error: InvalidField | None = None) -> Response:
    html = render_template(
        "templates/edit.html",
        template=template,
        header_names=_header_names(template),
        form=ScanForm(values=values, errors={error.field: error} if error else {}),
    )
    return make_response(html, 422 if error else 200)


def _header_names(template: Template | None) -> list[str]:
    try:
        return sorted(template.headers) if template else []
    except SealBroken:
        flash(_SEALED)
        return []
