"""Tells people where Tilldone is, when, and only when, all of it is ready."""

import http.client
import json
import os
import sys
import threading
import time
import webbrowser
from typing import Final

import click

from webapp.cli.supervisor import Supervisor
from webapp.settings import Settings

_POLL_SECONDS: Final = 0.1
#: A start that takes so long needs a word of explanation.
_LATE_SECONDS: Final = 20.0
#: An address that means "all of them" is not one that a browser could open.
_REACHABLE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def watch_readiness(supervisor: Supervisor, settings: Settings) -> None:
    """Tell the supervisor `ready` once, and `late` once if it takes long."""
    threading.Thread(target=_watch, args=(supervisor, settings), name="readiness", daemon=True).start()


def announce(settings: Settings) -> None:
    url = _url(settings)
    click.echo(f"Tilldone is ready: {click.style(url, bold=True)}   (its data: {settings.home})")
    if _has_desktop():
        threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()


def _url(settings: Settings) -> str:
    host = _reachable(settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _reachable(host: str) -> str:
    return _REACHABLE.get(host, host)


def _watch(supervisor: Supervisor, settings: Settings) -> None:
    late_at = time.monotonic() + _LATE_SECONDS
    while missing := _missing(settings):
        if time.monotonic() >= late_at:
            supervisor.tell("late", f"Not ready yet, still missing: {', '.join(missing)}.")
            late_at = float("inf")
        time.sleep(_POLL_SECONDS)
    supervisor.tell("ready")


def _missing(settings: Settings) -> list[str]:
    """The parts that /readyz misses; none when all is there."""
    connection = http.client.HTTPConnection(_reachable(settings.host), settings.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        parts = json.loads(response.read())["missing"] if response.status in (200, 503) else ["web"]
        return [str(part) for part in parts]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return ["web"]
    finally:
        connection.close()


def _has_desktop() -> bool:
    is_wanted = not os.environ.get("CI") and not os.environ.get("TILLDONE_NO_BROWSER") and sys.stdin.isatty()
    is_there = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return is_wanted and is_there
