"""Real processes around one database and one Valkey: worker, beat and web, as the Procfile starts them."""

import os
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from tests.process import PYTHON, Process
from tests.sign_in import a_user, an_admin
from webapp.auth import links, sessions, tokens, users
from webapp.auth.models import Purpose
from webapp.auth.rights import Role, Scope
from webapp.database import db, init_database
from webapp.settings import Settings

WORKER_FLAGS = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=INFO")


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The variables from which a process reads the same settings."""
    return {
        "TILLDONE_HOME": str(settings.home),
        "SECRET_KEY": settings.secret_key,
        "HEADER_KEYS": ",".join(settings.header_keys),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "CELERY_BROKER_URL": settings.broker_url,
        "LEASE_SECONDS": str(settings.lease_seconds),
        "SCAN_PROFILE": settings.reach.profile,
        "SCAN_ALLOW": ",".join(map(str, settings.reach.allow)),
        "HOST_CONCURRENCY": str(settings.host_concurrency),
        "HOST_STARTS_PER_SECOND": str(settings.host_starts_per_second),
        "HOST_BREAKER_FAILURES": str(settings.host_breaker_failures),
        "HOST_BREAKER_SECONDS": str(settings.host_breaker_seconds),
        "HOST_PAUSE_CAP": str(settings.host_pause_cap),
        "SUBMITS_PER_MINUTE": str(settings.limits.submits_per_minute),
        "CALLS_PER_MINUTE": str(settings.limits.calls_per_minute),
        "PYTHONUNBUFFERED": "1",
        **more,
    }


@contextmanager
def worker(
    settings: Settings, *, pool: str = "prefork", concurrency: int = 2, entry: str = "wsgi:celery", **env: str
) -> Iterator[Process]:
    """A Celery worker that is ready to take scans; killed in the end, for to stop takes it more than a second."""
    argv = [PYTHON, "-m", "celery", "-A", entry, "worker", "--pool", pool, "-c", str(concurrency)]
    process = Process([*argv, *WORKER_FLAGS], environment(settings, **env))
    try:
        process.wait_for(" ready.", 30)
        yield process
    finally:
        process.kill()


@contextmanager
def beat(settings: Settings, **env: str) -> Iterator[Process]:
    """The due scheduler, ticking."""
    argv = [PYTHON, "-m", "celery", "-A", "wsgi:celery", "beat", "--pidfile=", "--loglevel=INFO"]
    process = Process(argv, environment(settings, **env))
    try:
        process.wait_for("beat: Starting...", 30)
        yield process
    finally:
        process.kill()


class Site(str):
    """The address of a running Tilldone, and the ways into it."""

    settings: Settings
    process: Process

    @property
    def login_link(self) -> str:
        """Signs a browser in as the admin, once."""
        with _inside(self.settings):
            return f"{self}/login?t={links.create_link(Purpose.LOGIN, an_admin())}"

    def add_user(self, name: str, role: Role) -> None:
        """Somebody who knows PASSWORD."""
        with _inside(self.settings):
            a_user(name, role)

    def sign_everybody_out(self) -> None:
        with _inside(self.settings):
            for user in users.list_users():
                sessions.close_all(user.id)

    @property
    def bearer(self) -> dict[str, str]:
        """What a program sends: a token that may do everything."""
        with _inside(self.settings):
            token = tokens.create_token("tests", Scope.ADMIN, user_id=None, days=1)
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def _inside(settings: Settings) -> Iterator[None]:
    # Not create_app: it would take Celery away from the test's own.
    app = Flask("inside")
    init_database(app, settings.database_url, pool_size=1)
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()


@contextmanager
def web(settings: Settings, *, port: int | None = None, **env: str) -> Iterator[Site]:
    """gunicorn on the port, or a free one; gives the address."""
    port = port or free_port()
    variables = environment(settings, PORT=str(port), HOST="127.0.0.1", **env)
    process = Process([PYTHON, "-m", "gunicorn", "--log-level", "info", "wsgi:app"], variables)
    try:
        process.wait_for("Booting worker", 30)
        address = Site(f"http://127.0.0.1:{port}")
        address.settings, address.process = settings, process
        with urllib.request.urlopen(f"{address}/healthz", timeout=20):
            yield address
    finally:
        process.stop()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true")
