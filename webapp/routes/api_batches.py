"""The JSON API of batches: submit many at once, and look how far they are."""

import uuid
from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint, Response, jsonify, url_for

from webapp.routes import problems
from webapp.routes.api_templates import with_template
from webapp.routes.host_notice import too_many_for_a_host
from webapp.routes.json_input import json_object
from webapp.routes.scan_json import batch_json
from webapp.routes.submitting import current_limits, host_ceiling, submit_and_wake
from webapp.scans import queries
from webapp.scans.draft import FIELDS, Draft, checked_url, parse_options
from webapp.scans.errors import InvalidField
from webapp.scans.host_limits import HOST_FIELDS, parse_host_limits

#: More than this is refused whole: a submit must stay one transaction of seconds.
_AWAY: Final = "The broker is away: the scans will start when it is back."

bp = Blueprint("api_batches", __name__, url_prefix="/api/v1/batches")
problems.register(bp)


@bp.post("")
def submit() -> tuple[Response, int, dict[str, str]]:
    given = json_object()
    name = str(given.pop("name", None) or "")
    host_limits = parse_host_limits({field: given.pop(field, None) for field in HOST_FIELDS}, host_ceiling())
    drafts, rejected = _sort_out(_entries(given), _shared_options(with_template(given)))
    if not drafts:
        raise InvalidField("urls", "hold nothing that can be scanned", _first_errors(rejected))
    submission, is_awake = submit_and_wake(drafts, name, host_limits)
    assert submission.batch_id is not None
    batch = queries.get_batch(submission.batch_id)
    body = {
        **batch_json(batch, queries.count_by_state(queries.Filter(batch_id=batch.id))),
        "rejected": rejected,
        "notice": " ".join(filter(None, (too_many_for_a_host(drafts, host_limits), None if is_awake else _AWAY)))
        or None,
    }
    return jsonify(body), 202, {"Location": url_for("api_batches.show", batch_id=batch.id)}


@bp.get("/<uuid:batch_id>")
def show(batch_id: uuid.UUID) -> Response:
    batch = queries.get_batch(batch_id)
    return jsonify(batch_json(batch, queries.count_by_state(queries.Filter(batch_id=batch_id))))


def _entries(given: dict[str, Any]) -> list[Any]:
    """``urls`` or ``scans``, whichever was sent, taken out of what was given."""
    lists = [given.pop(name) for name in ("urls", "scans") if name in given]
    if len(lists) != 1 or not isinstance(lists[0], list) or not lists[0]:
        raise InvalidField("urls", "must be a list, and the only one", 'Send {"urls": [...]} or {"scans": [{...}]}.')
    if len(lists[0]) > current_limits().batch:
        raise InvalidField("urls", f"are more than {current_limits().batch:,}", "Send them in several batches.")
    return lists[0]


def _shared_options(given: dict[str, Any]) -> dict[str, Any]:
    """Options beside the list hold for every URL in it."""
    for name in given:
        if name not in FIELDS - {"url"}:
            known = ", ".join(sorted({*FIELDS, *HOST_FIELDS}))
            raise InvalidField(name[:40], "is not an option of a batch", f"Known: {known}.")
    parse_options(given)
    return given


def _sort_out(entries: list[Any], shared: dict[str, Any]) -> tuple[list[Draft], list[dict[str, Any]]]:
    """The good entries as drafts, and the bad ones each with its line (1-based) and error."""
    options = parse_options(shared)
    drafts: list[Draft] = []
    rejected: list[dict[str, Any]] = []
    for line, entry in enumerate(entries, 1):
        try:
            drafts.append(_draft(entry, shared, options))
        except InvalidField as error:
            url = entry if isinstance(entry, str) else entry.get("url") if isinstance(entry, dict) else None
            rejected.append({"line": line, "url": _shown(url), "error": f"{error.problem} {error.cure}".strip()})
    return drafts, rejected


def _draft(entry: Any, shared: dict[str, Any], options: dict[str, Any]) -> Draft:
    if isinstance(entry, str):
        return Draft(url=checked_url(entry), **options)
    if isinstance(entry, dict):
        return Draft.parse({**shared, **entry})
    raise InvalidField("url", "is neither a text nor an object", 'Give "https://..." or {"url": "https://..."}.')


def _shown(url: object) -> str | None:
    return url[:200] if isinstance(url, str) else None


def _first_errors(rejected: list[dict[str, Any]]) -> str:
    words: Iterator[str] = (f"Line {entry['line']}: {entry['error']}" for entry in rejected[:3])
    return " ".join(words)
