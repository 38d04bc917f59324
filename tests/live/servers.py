"""Real servers of nothing but the stream."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.process import PYTHON, Process
from tests.stack import free_port


@contextmanager
def gunicorn(folder: Path, redis_url: str, *options: str, sidecar: Path | None = None) -> Iterator[tuple[Process, int]]:
    """Gives the process and its port."""
    port = free_port()
    argv = [PYTHON, "-m", "gunicorn", "-c", "python:tests.live.streaming_app", "-b", f"127.0.0.1:{port}", *options]
    env = {"STREAMING_REDIS_URL": redis_url, "STREAMING_DATABASE_URL": _database_url(folder)}
    process = Process(
        [*argv, "tests.live.streaming_app:app"], env | ({"STREAMING_SIDECAR": str(sidecar)} if sidecar else {})
    )
    try:
        process.wait_for("Booting worker")
        yield process, port
    finally:
        process.stop()


@contextmanager
def sidecar(folder: Path, redis_url: str, **env: str) -> Iterator[tuple[Process, Path]]:
    """As a Procfile starts it; gives the process and its socket."""
    settings = {"TILLDONE_HOME": str(folder), "REDIS_URL": redis_url, "DATABASE_URL": _database_url(folder)}
    process = Process([PYTHON, "-m", "webapp.cli", "hub"], {"HUB": "sidecar", **settings, **env})
    try:
        process.wait_for("The hub serves live streams.")
        yield process, folder / "hub.sock"
    finally:
        process.stop()


def _database_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'db.sqlite3'}"
