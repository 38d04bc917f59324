"""Is it alive, and can it do its work: open to all, for platforms and monitors."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tasks.presence import BEAT, WORKER, seen_lately
from tasks.wake import is_broker_reachable
from webapp.database import db
from webapp.live.redis_client import get_redis
from webapp.routes.gate import find_visitor

log = logging.getLogger(__name__)
bp = Blueprint("health", __name__)


@bp.get("/healthz")
def live() -> Response:
    return jsonify(status="ok")


@bp.get("/readyz")
def ready() -> tuple[Response, int]:
    """200 when scans are taken and worked on, else 503; what is missing is told to who is signed in."""
    checks: dict[str, Callable[[], bool]] = {
        "database": _is_database_there,
        "redis": lambda: bool(get_redis(current_app).ping()),
        "broker": is_broker_reachable,
        "worker": lambda: seen_lately(WORKER),
        "beat": lambda: seen_lately(BEAT),
    }
    missing = [name for name, check in checks.items() if not _passes(name, check)]
    told: dict[str, Any] = {"missing": missing} if _may_know() else {}
    return jsonify(status="unready" if missing else "ok", **told), 503 if missing else 200


def _may_know() -> bool:
    try:
        return find_visitor() is not None
    except DBAPIError:
        return False


def _passes(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception as error:  # whatever is wrong with a part, the answer is that it is missing
        log.warning("not ready part=%s error=%s", name, type(error).__name__)
        return False


def _is_database_there() -> bool:
    db.session.execute(text("SELECT 1 FROM scan LIMIT 1"))
    return True
