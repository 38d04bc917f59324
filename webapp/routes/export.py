"""A batch as a file, for spreadsheets and programs: written while it is read, and without any secret."""

import csv
import io
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from flask import Blueprint, Flask, Response, current_app

from webapp.routes.scan_json import scan_json
from webapp.scans import queries
from webapp.scans.batch_report import next_scans
from webapp.scans.models import Batch, Scan

bp = Blueprint("export", __name__, url_prefix="/batches")

_COLUMNS: Final = (
    "id",
    "url",
    "method",
    "state",
    "attempt",
    "status",
    "error_code",
    "error",
    "created_at",
    "started_at",
    "finished_at",
)
#: What a spreadsheet would take for a formula: URLs and errors are other people's words.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


@bp.get("/<uuid:batch_id>/scans.csv")
def as_csv(batch_id: uuid.UUID) -> Response:
    return _file(queries.get_batch(batch_id), "csv", "text/csv; charset=utf-8", _csv_row, head=_csv_line(_COLUMNS))


@bp.get("/<uuid:batch_id>/scans.ndjson")
def as_ndjson(batch_id: uuid.UUID) -> Response:
    return _file(queries.get_batch(batch_id), "ndjson", "application/x-ndjson", _ndjson_row, head="")


def _file(batch: Batch, suffix: str, content_type: str, line: Callable[[Scan], str], *, head: str) -> Response:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    response = Response(_chunks(app, batch.id, line, head), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="tilldone-{batch.id}.{suffix}"'
    return response


def _chunks(app: Flask, batch_id: uuid.UUID, line: Callable[[Scan], str], head: str) -> Iterator[str]:
    """Between two steps it holds neither rows nor a connection, however slowly it is read."""
    yield head
    last = None
    while True:
        with app.app_context():
            scans = next_scans(batch_id, last)
            chunk = "".join(map(line, scans))
            last = scans[-1].id if scans else None
        if last is None:
            return
        yield chunk


def _ndjson_row(scan: Scan) -> str:
    return json.dumps(scan_json(scan), separators=(",", ":"), ensure_ascii=False) + "\n"


def _csv_row(scan: Scan) -> str:
    facts = scan_json(scan)
    return _csv_line([facts[name] for name in _COLUMNS])


def _csv_line(cells: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_defused(cell) for cell in cells])
    return line.getvalue()


def _defused(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
