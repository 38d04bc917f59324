"""A web server of nothing but the stream: both the app and the configuration of the gunicorn that serves it."""

import os
from pathlib import Path
from typing import Any

from flask import Flask

from webapp.database import Base, db, init_database
from webapp.live import hub
from webapp.live.hub import serve_in_worker
from webapp.live.pace import Pace
from webapp.routes import stream
from webapp.scans import models  # noqa: F401 - its tables

worker_class = "gthread"
workers = 1
threads = 16
graceful_timeout = 10
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    serve_in_worker(worker.cfg.threads)


#: Few enough for a test to take them all.
MAX_STREAMS = 600


def create_app(database_url: str, redis_url: str, sidecar: Path | None = None) -> Flask:
    app = Flask("streaming")
    init_database(app, database_url, pool_size=2)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        db.engine.dispose()
    own_hub = hub.make_hub(app, redis_url, max_streams=MAX_STREAMS, max_of_an_owner=MAX_STREAMS, pace=Pace())
    hub.init_app(app, own_hub, sidecar=sidecar)
    app.register_blueprint(stream.bp)
    return app


if "STREAMING_REDIS_URL" in os.environ:
    _sidecar = os.environ.get("STREAMING_SIDECAR")
    app = create_app(
        os.environ["STREAMING_DATABASE_URL"], os.environ["STREAMING_REDIS_URL"], Path(_sidecar) if _sidecar else None
    )
