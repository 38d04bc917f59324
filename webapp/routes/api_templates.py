"""The JSON API of templates; values of headers go in and never come out."""

import uuid
from typing import Any

from flask import Blueprint, Response, jsonify, url_for

from webapp.auth.audit import note
from webapp.live.events import format_time
from webapp.routes import problems
from webapp.routes.gate import visitor
from webapp.routes.json_input import json_object
from webapp.scans import templates
from webapp.scans.draft import read_headers
from webapp.scans.errors import InvalidField
from webapp.scans.sealing import SealBroken
from webapp.scans.templates import TEMPLATE_FIELDS, Template

bp = Blueprint("api_templates", __name__, url_prefix="/api/v1/templates")
problems.register(bp)


@bp.get("")
def index() -> Response:
    return jsonify(items=[_template_json(template) for template in templates.list_templates()])


@bp.post("")
def create() -> tuple[Response, int, dict[str, str]]:
    name, options, headers = _taken_apart(json_object())
    template_id = templates.save(name, options, headers or {})
    note("template saved", user=visitor().name, template=template_id)
    location = {"Location": url_for("api_templates.show", template_id=template_id)}
    return jsonify(_template_json(templates.get_template(template_id))), 201, location


@bp.get("/<uuid:template_id>")
def show(template_id: uuid.UUID) -> Response:
    return jsonify(_template_json(templates.get_template(template_id)))


@bp.put("/<uuid:template_id>")
def replace(template_id: uuid.UUID) -> Response:
    """All of it; without ``headers`` these stay as they are."""
    name, options, headers = _taken_apart(json_object())
    template = templates.get_template(template_id)
    templates.save(name, options, _kept(template) if headers is None else headers, of=template_id)
    note("template saved", user=visitor().name, template=template_id)
    return jsonify(_template_json(templates.get_template(template_id)))


@bp.delete("/<uuid:template_id>")
def delete(template_id: uuid.UUID) -> Response:
    templates.remove(template_id)
    note("template deleted", user=visitor().name, template=template_id)
    return Response(status=204)


def with_template(given: dict[str, Any]) -> dict[str, Any]:
    """What was given, and what the ``template`` named in it says besides. Raises InvalidField."""
    if given.get("template") in (None, ""):
        return {name: value for name, value in given.items() if name != "template"}
    template = templates.find_template(given["template"])
    try:
        return templates.apply(template, {name: value for name, value in given.items() if name != "template"})
    except SealBroken as error:
        raise InvalidField("template", f"cannot be used: {error}", "Give it its headers again.") from error


def _kept(template: Template) -> dict[str, str]:
    try:
        return dict(template.headers)
    except SealBroken as error:
        raise InvalidField("headers", f"cannot be kept: {error}", "Give them again.") from error


def _taken_apart(given: dict[str, Any]) -> tuple[Any, dict[str, Any], dict[str, str] | None]:
    known = {"name", "headers", *TEMPLATE_FIELDS}
    if strange := next((name for name in given if name not in known), None):
        raise InvalidField(strange[:40], "is not part of a template", f"Known are {', '.join(sorted(known))}.")
    headers = read_headers(given["headers"]) if "headers" in given else None
    return given.get("name"), given, headers


def _template_json(template: Template) -> dict[str, Any]:
    try:
        names: list[str] | None = sorted(template.headers)
    except SealBroken:
        names = None
    return {
        "id": str(template.id),
        "name": template.name,
        "options": template.options,
        "header_names": names,
        "updated_at": format_time(template.updated_at),
    }
