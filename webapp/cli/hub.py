"""Turns this process into the sidecar: the live streams of all web processes, and nothing else."""

import logging
import signal
from functools import partial

import click
from flask import Flask

from webapp.auth.standing import still_stand
from webapp.database import init_database
from webapp.live.hub import Hub, make_hub
from webapp.live.interpreter import keep_what_is_loaded
from webapp.live.pace import MAX_OF_AN_OWNER, Pace
from webapp.live.sidecar import Sidecar
from webapp.settings import Settings

#: Of the database three things are asked, each by a thread of its own: counts, states, and whose session still stands.
_POOL_SIZE = 3


@click.command(hidden=True)
def hub() -> None:
    """Serve the live streams of all web processes on this machine (HUB=sidecar)."""
    settings = Settings.from_env()
    if settings.hub_socket is None:
        click.echo("HUB is not sidecar, so web serves the live streams itself; this process only waits for its end.")
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
        return
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    app = Flask("hub")
    init_database(app, settings.database_url, pool_size=_POOL_SIZE)
    streams = make_hub(
        app, settings.redis_url, max_streams=settings.max_streams, max_of_an_owner=MAX_OF_AN_OWNER, pace=Pace()
    )
    streams.keep_door(partial(still_stand, app))
    serve(streams, settings)


def serve(streams: Hub, settings: Settings) -> None:
    """Until SIGTERM."""
    assert settings.hub_socket is not None
    sidecar = Sidecar(settings.hub_socket, streams)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sidecar.stop())
    keep_what_is_loaded()
    click.echo("The hub serves live streams.")
    try:
        sidecar.serve()
    finally:
        sidecar.close()
        streams.close()
