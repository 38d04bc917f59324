"""A real RabbitMQ for the tests that ask for one: started once a session, and emptied by who uses it."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from chaos.process import Process
from chaos.rabbitmq import RabbitMq, server_program
from tests.freezing import frozen, members
from tests.stack import is_ci

_START_SECONDS = 60


class RabbitMqServer:
    """May be killed and started again on the same folder."""

    def __init__(self, folder: Path) -> None:
        self._rabbitmq = RabbitMq(folder)
        self._nowhere = open(os.devnull, "w")
        self._process = Process(
            "rabbitmq",
            lambda _: self._rabbitmq.argv,
            env=self._rabbitmq.env,
            log_path=folder / "log.txt",
            groups=self._nowhere,
        )

    @property
    def url(self) -> str:
        return self._rabbitmq.url

    def start(self) -> None:
        self._process.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._rabbitmq.is_ready():
            assert self._process.is_running() and time.monotonic() < deadline, "RabbitMQ did not start"
            time.sleep(0.1)

    def kill(self) -> None:
        self._process.kill()

    def frozen(self) -> AbstractContextManager[None]:
        """It keeps its connections and answers nobody, as for lack of memory."""
        return frozen(members(self._process.pid))

    def stop(self) -> None:
        self.kill()
        self._nowhere.close()


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMqServer]:
    if server_program() is None:
        message = "RabbitMQ is not installed (apt install rabbitmq-server)"
        pytest.fail(message) if is_ci() else pytest.skip(message)
    folder = Path(tempfile.mkdtemp(prefix="mq-"))
    server = RabbitMqServer(folder)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)
