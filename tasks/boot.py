"""What worker and beat do once imported: wait for their stores, and ready themselves for the forks."""

import fcntl
import gc
import os
import uuid
import warnings
from typing import Any

from celery.signals import beat_init, worker_before_create_process, worker_init, worker_process_init

from tasks.celery import celery
from tasks.connection import trust
from tasks.fetch import fetch
from tasks.guard import Guard
from tasks.lookup import make_room_under_gevent
from webapp.allow_list import AllowRule
from webapp.database import db
from webapp.reach import Reach
from webapp.scans import lifecycle
from webapp.scans.exchange import Request
from webapp.settings import Settings

# Celery warns root, for the sake of pickle; we accept JSON only, and in a container one is root.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")


@beat_init.connect
@worker_init.connect
def _wait_at_the_gate(**_: Any) -> None:
    """`tilldone up` starts us while it prepares the stores, so that importing costs no time, and then lets us in."""
    path = os.environ.get("TILLDONE_GATE")
    if path:
        with open(path, "rb") as gate:
            fcntl.flock(gate, fcntl.LOCK_SH)


@worker_init.connect
def _warm_up(**_: Any) -> None:
    """Do once, before the forks, what each child would else do for itself and keep a copy of."""
    settings: Settings = celery.flask_app.extensions["tilldone.settings"]
    trust(settings.reach.ca_bundle)
    if settings.worker_pool == "gevent":
        make_room_under_gevent(settings.worker_concurrency)
    nowhere = AllowRule.parse("127.0.0.1:9")
    fetch(Request("GET", "http://127.0.0.1:9/"), guard=Guard(Reach(allow=(nowhere,))), timeout=1)
    with celery.flask_app.app_context():
        lifecycle.start(uuid.UUID(int=0), 1, worker="nobody", lease_seconds=1)


@worker_init.connect
def _use_our_pool(sender: Any, **_: Any) -> None:
    if "prefork" in str(sender.pool_cls):
        # Imported only where children are: under threads and greenlets it would be memory for nothing.
        from tasks import pool

        pool.use()


@worker_before_create_process.connect
def _share_memory(**_: Any) -> None:
    """What is frozen is never visited by the collector, so its pages stay shared after the fork."""
    gc.freeze()


@worker_process_init.connect
def _forget_connections(**_: Any) -> None:
    """Two processes on one connection would mix up their answers; the parent's is left open for the parent."""
    with celery.flask_app.app_context():
        db.engine.dispose(close=False)
