"""`tilldone up`, for real: says when it is ready, says why it is not, and leaves no process behind."""

import contextlib
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.process import PYTHON, Process
from tests.stack import free_port
from webapp.cli.revival import MAX_DEATHS, WINDOW_SECONDS, Revival

STOP_SECONDS = 5.0


@contextmanager
def up(home: Path, **env: str) -> Iterator[Process]:
    variables = {"TILLDONE_HOME": str(home), "WORKER_CONCURRENCY": "2", "CI": "true", **env}
    variables.setdefault("PORT", str(free_port()))
    process = Process([PYTHON, "-m", "webapp.cli", "up"], variables)
    try:
        yield process
    finally:
        process.stop()


def refusal(home: Path, **env: str) -> str:
    """What `up` says when it cannot start: a single line, and exit 1."""
    with up(home, **env) as process:
        assert process.wait() == 1
    lines = [line for line in process.output.splitlines() if line != "Starting Tilldone; Ctrl+C stops it."]
    assert len(lines) == 1, process.output
    assert lines[0].startswith("tilldone: ")
    return lines[0]


def running_on(home: Path) -> list[psutil.Process]:
    """All that was started for this folder; not what has ended and only waits for its parent to notice."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TILLDONE_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            pass
    return found


def is_quiet(home: Path, *, within: float) -> bool:
    """Whether nothing runs on the folder any more."""
    deadline = time.monotonic() + within
    while running := running_on(home):
        if time.monotonic() > deadline:
            return False
        psutil.wait_procs(running, timeout=0.2)
    return True


def test_up_is_ready_when_it_says_so_keeps_its_folder_to_itself_and_stops_within_five_seconds(tmp_path: Path) -> None:
    # A socket's path has room for some hundred bytes; and folders have spaces in their names.
    home = tmp_path / ("a deep folder " * 8)
    port = str(free_port())
    with up(home, PORT=port) as process:
        process.wait_for(f"Tilldone is ready: http://127.0.0.1:{port}", timeout=60)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as response:
            assert response.status == 200

        assert f"already running on {home} (process {process.pid})" in refusal(home)

        assert len(running_on(home)) > 5
        asked_at = time.monotonic()
        process.signal(signal.SIGINT)
        assert process.wait() == 0
        assert time.monotonic() - asked_at < STOP_SECONDS
        assert is_quiet(home, within=0.5)


def test_up_that_is_stopped_while_it_starts_leaves_nothing_behind(tmp_path: Path) -> None:
    with up(tmp_path) as process:
        process.wait_for("Starting Tilldone")
        process.signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0
        assert is_quiet(tmp_path, within=0.5)
    assert "is ready" not in process.output


def worker_of(process: Process) -> psutil.Process:
    return next(child for child in psutil.Process(process.pid).children() if "worker" in child.cmdline())


def test_up_starts_again_what_died_and_stops_everything_when_it_keeps_dying(tmp_path: Path) -> None:
    with up(tmp_path) as process:
        process.wait_for("is ready", timeout=60)
        first = worker_of(process)

        first.kill()

        process.wait_for("tilldone: worker was killed by SIGKILL, and is started again.")
        first.wait()
        while process.is_running and "everything is stopped" not in process.output:
            with contextlib.suppress(StopIteration, psutil.Error):
                worker_of(process).kill()
        assert process.wait(STOP_SECONDS) == 1
        assert process.output.count("and is started again") == MAX_DEATHS - 1
        assert "tilldone: worker was killed by SIGKILL, so everything is stopped." in process.output
        assert is_quiet(tmp_path, within=0.5)


@pytest.mark.parametrize("name", ["web", "valkey"])
def test_what_died_is_ready_again_and_leaves_no_children(tmp_path: Path, name: str) -> None:
    port = str(free_port())
    with up(tmp_path, PORT=port) as process:
        process.wait_for("is ready", timeout=60)
        word = {"web": "gunicorn", "valkey": "valkey"}[name]
        group = [child for child in psutil.Process(process.pid).children() if word in " ".join(child.cmdline())]
        rest = [orphan for child in group for orphan in child.children(recursive=True)]

        for child in group:
            child.kill()

        process.wait_for(f"tilldone: {name} was killed by SIGKILL, and is started again.")
        gone, alive = psutil.wait_procs(rest, timeout=5)
        assert not alive
        assert is_ready_within(port, seconds=20)


def is_ready_within(port: str, *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
        time.sleep(0.1)
    return False


def test_deaths_far_apart_are_no_reason_to_stop() -> None:
    revival = Revival()

    assert all(revival.is_worth_it("web", now=number * WINDOW_SECONDS) for number in range(10))
    assert [revival.is_worth_it("beat", now=number) for number in range(MAX_DEATHS)] == [True] * 3 + [False]


def test_up_that_is_killed_leaves_nothing_behind_for_long(tmp_path: Path) -> None:
    with up(tmp_path) as process:
        process.wait_for("is ready", timeout=60)

        process.signal(signal.SIGKILL)

        assert is_quiet(tmp_path, within=STOP_SECONDS)


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(tmp_path, PORT=str(port))
    assert f"port {port} on 127.0.0.1 is taken" in said
    assert "PORT=" in said


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for secret in ({}, {"SECRET_KEY": "given, so that none need be written"}):
        assert f"TILLDONE_HOME: cannot write to {file}" in refusal(file, **secret)


def test_a_redis_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert "REDIS_URL: no answer" in said
    assert "Connection refused" in said


def test_a_database_that_does_not_answer_is_refused_without_its_password(tmp_path: Path) -> None:
    said = refusal(tmp_path, DATABASE_URL=f"postgres://someone:secret@127.0.0.1:{free_port()}/tilldone")
    assert "DATABASE_URL: cannot use" in said
    assert "Connection refused" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "many"), ("WORKER_POOL", "swimming"), ("DATABASE_URL", "mysql://there")]
)
def test_an_odd_setting_is_refused_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    assert f"tilldone: {name}: " in refusal(tmp_path, **{name: value})
