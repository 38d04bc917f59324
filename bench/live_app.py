"""The whole app for the benchmark of the stream, at a pace of the benchmark's own, with a page that only computes."""

import os
import time

from flask import Flask

from webapp.app import create_app as create_whole_app
from webapp.cli.hub import serve
from webapp.live import hub
from webapp.live.pace import Pace
from webapp.settings import Settings

BUSY_SECONDS = 0.02
_MOST = 100_000


def create_app() -> Flask:
    settings = Settings.from_env()
    app = create_whole_app(settings)
    hub.init_app(app, make_hub(app, settings), sidecar=settings.hub_socket)
    app.add_url_rule("/busy", view_func=_busy)
    return app


def make_hub(app: Flask, settings: Settings) -> hub.Hub:
    """One client opens all the streams: it may."""
    pace = Pace(tick_seconds=float(os.environ["BENCH_TICK_SECONDS"]))
    return hub.make_hub(app, settings.redis_url, max_streams=_MOST, max_of_an_owner=_MOST, pace=pace)


def _busy() -> str:
    end = time.thread_time() + BUSY_SECONDS
    while time.thread_time() < end:
        sum(range(1000))
    return "done"


if __name__ == "__main__":
    settings = Settings.from_env()
    serve(make_hub(create_whole_app(settings), settings), settings)
else:
    app = create_app()
