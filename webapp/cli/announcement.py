"""Tells people where Tilldone is, when, and only when, all of it is ready."""

import http.client
import os
import sys
import threading
import time
import webbrowser
from collections.abc import Sequence
from typing import Final

import click

from webapp.cli.addresses import local_url, reachable
from webapp.cli.supervisor import Supervisor
from webapp.settings import Settings

_POLL_SECONDS: Final = 0.1
#: A start that takes so long needs a word of explanation.
_LATE_SECONDS: Final = 20.0


def watch_readiness(supervisor: Supervisor, settings: Settings) -> None:
    """Tell the supervisor `ready` once, and `late` once if it takes long."""
    threading.Thread(target=_watch, args=(supervisor, settings), name="readiness", daemon=True).start()


def announce(settings: Settings, login_secrets: Sequence[str]) -> None:
    """With a link that signs the reader in, once; where there is a desktop its browser gets one of its own."""
    url = local_url(settings)
    for_terminal, for_browser = (f"{url}/login?t={secret}" for secret in login_secrets)
    click.echo(f"Tilldone is ready: {click.style(url, bold=True)}   (its data: {settings.home})")
    click.echo(f"Sign in, once, with {click.style(for_terminal, bold=True)}")
    if _has_desktop():
        threading.Thread(target=webbrowser.open, args=(for_browser,), name="browser", daemon=True).start()


def _watch(supervisor: Supervisor, settings: Settings) -> None:
    late_at = time.monotonic() + _LATE_SECONDS
    while not _is_ready(settings):
        if time.monotonic() >= late_at:
            supervisor.tell("late", "Not ready yet: `tilldone doctor` tells what is missing.")
            late_at = float("inf")
        time.sleep(_POLL_SECONDS)
    supervisor.tell("ready")


def _is_ready(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(reachable(settings.host), settings.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _has_desktop() -> bool:
    is_wanted = not os.environ.get("CI") and not os.environ.get("TILLDONE_NO_BROWSER") and sys.stdin.isatty()
    is_there = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return is_wanted and is_there
