"""What is told of a command: its lines, its own end, and that nothing of it is left behind."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import psutil

from webapp.cli.command import Command


@contextmanager
def run(line: str, folder: Path) -> Iterator["SimpleQueue[Any]"]:
    events: SimpleQueue[Any] = SimpleQueue()
    command = Command(line, name="worker", colour=None, env=os.environ, folder=folder)
    thread = threading.Thread(target=command.run, args=(events,))
    thread.start()
    yield events
    thread.join(10)
    assert not thread.is_alive()


def next_of(events: "SimpleQueue[Any]", kind: str) -> Any:
    event = events.get(timeout=10)
    assert (event.type, event.name) == (kind, "worker")
    return event.data


def test_a_command_tells_its_start_its_lines_and_its_status_in_this_order(tmp_path: Path) -> None:
    with run("pwd; echo to stderr >&2; exit 3", tmp_path) as events:
        assert next_of(events, "start")["pid"] > 0
        assert next_of(events, "line") == f"{tmp_path}\n".encode()
        assert next_of(events, "line") == b"to stderr\n"
        assert next_of(events, "stop") == {"returncode": 3}


def test_the_end_of_a_command_is_told_though_a_child_still_works_and_holds_its_output(tmp_path: Path) -> None:
    with run("sleep 600 & echo $!; exec sleep 600", tmp_path) as events:
        leader = next_of(events, "start")["pid"]
        child = psutil.Process(int(next_of(events, "line")))

        os.kill(leader, signal.SIGKILL)

        assert next_of(events, "stop") == {"returncode": -signal.SIGKILL}
        assert not psutil.wait_procs([child], timeout=5)[1]


def test_a_command_whose_child_left_its_group_is_told_to_have_ended_all_the_same(tmp_path: Path) -> None:
    with run("setsid sh -c 'echo $$; exec sleep 600' & wait", tmp_path) as events:
        leader = next_of(events, "start")["pid"]
        stranger = psutil.Process(int(next_of(events, "line")))
        try:
            os.kill(leader, signal.SIGKILL)
            assert next_of(events, "stop") == {"returncode": -signal.SIGKILL}
            assert stranger.is_running()
        finally:
            stranger.kill()
