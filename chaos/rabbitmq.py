"""A RabbitMQ of one's own: its folder, its ports, its name server, and nothing of the system's."""

import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

from webapp.cli.refused import Refused

#: Debian's command would run it as a user of its own, who may not write to the folder.
_DEBIAN: Final = "/usr/lib/rabbitmq/bin/rabbitmq-server"
_GREETING: Final = b"AMQP\x00\x00\x09\x01"
_LOOK_SECONDS: Final = 1.0
# Erlang's name server would put itself into the background for good: so it is started before, in this group.
_START: Final = 'epmd & exec "$0"'


def server_program() -> str | None:
    """None where RabbitMQ is not installed."""
    return _DEBIAN if os.access(_DEBIAN, os.X_OK) else shutil.which("rabbitmq-server")


class RabbitMq:
    """How to start it in this folder, as often as it is killed, and where it is found."""

    def __init__(self, folder: Path) -> None:
        program = server_program()
        if program is None:
            raise Refused("--broker rabbitmq: RabbitMQ is not installed (apt install rabbitmq-server); or give a URL.")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plugins").write_text("[].\n")
        (folder / "rabbitmq.conf").touch()
        self._port, distribution_port, names_port = _free_ports(3)
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}//"
        self.argv = ("sh", "-c", _START, program)
        self.env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "RABBITMQ_NODENAME": "tilldone@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "no-such-file"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def is_ready(self) -> bool:
        """Whether it speaks AMQP."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), _LOOK_SECONDS) as connection:
            connection.sendall(_GREETING)
            return bool(connection.recv(1))
        return False


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
