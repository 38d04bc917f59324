"""The JSON API of the workers: who is alive, what each runs, and what waits."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, jsonify

from tasks.presence import Presence
from webapp.live.events import format_time
from webapp.routes import problems
from webapp.routes.workers_view import WorkersView
from webapp.scans.counts import Count
from webapp.scans.workload import Running

bp = Blueprint("api_workers", __name__, url_prefix="/api/v1/workers")
problems.register(bp)


@bp.get("")
def index() -> Response:
    view = WorkersView.read()
    document = {
        "redis": view.is_redis_there,
        "workers": [{**_presence(worker.presence), "running": _running(worker.running)} for worker in view.workers],
        "lost": _running(view.lost),
        "beats": [_presence(beat) for beat in view.beats],
        "queue": view.queue,
        "due": {**_count(view.backlog.due), "oldest_seconds": round(view.backlog.oldest_seconds, 3)},
        "later": _count(view.backlog.later),
        "in_line": _count(view.backlog.in_line),
        "counters": view.counters,
        "server_time": format_time(view.now),
    }
    return jsonify(document)


def _presence(presence: Presence) -> dict[str, Any]:
    return {
        "name": presence.name,
        "host": presence.host,
        "pid": presence.pid,
        "pool": presence.pool,
        "slots": presence.slots,
        "started_at": format_time(presence.started_at),
        "seconds_ago": round(presence.seconds_ago, 3),
    }


def _running(scans: Sequence[Running]) -> list[dict[str, Any]]:
    return [_scan(scan) for scan in scans]


def _scan(scan: Running) -> dict[str, Any]:
    started_at = format_time(scan.attempt_started_at)
    facts = {"id": str(scan.id), "url": scan.url, "method": scan.method, "attempt": scan.attempt}
    return {**facts, "worker": scan.worker, "attempt_started_at": started_at}


def _count(count: Count) -> dict[str, Any]:
    return {"count": count.value, "is_more": count.is_more}
