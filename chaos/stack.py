"""The stack that a drill kills: Valkey, workers and beat on a folder and a database of their own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from chaos.plan import Plan
from chaos.process import ROOT, Process
from webapp.settings import Settings

#: A platform starts again what has ended, but not at once.
REVIVE_SECONDS: Final = 0.7
START_SECONDS: Final = 60.0
#: From SIGTERM to SIGKILL; the worker lets go two seconds after the first, by what it is told of the second.
_GRACE_SECONDS: Final = 6
_WORKER_FLAGS: Final = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=INFO")
_CELERY: Final = (sys.executable, "-m", "celery", "-A", "chaos.entry:celery")


class Stack:
    """All processes of a drill but the drill itself."""

    def __init__(self, plan: Plan, home: Path) -> None:
        self.env = environment(plan, home)
        self.settings = Settings.from_env(self.env)
        self._guard = _start_guard()
        assert self._guard.stdin is not None
        self._groups = self._guard.stdin
        self._home = home
        self.valkey = self._process("valkey", lambda _: (sys.executable, "-m", "webapp.cli", "valkey"))
        self.beat = self._process("beat", lambda _: (*_CELERY, "beat", "--pidfile=", "--loglevel=INFO"))
        self.workers = [self._process(f"w{number + 1}", _worker(plan)) for number in range(plan.workers)]
        self.celery = [*self.workers, *([] if "due" in plan.without else [self.beat])]

    @property
    def processes(self) -> list[Process]:
        return [self.valkey, *self.celery]

    def start_valkey(self) -> None:
        self.valkey.start()
        _wait(self.settings.redis_socket.exists, "Valkey did not start")

    def start_celery(self) -> None:
        for process in self.celery:
            process.start()
        for worker in self.workers:
            _wait(partial(worker.has_printed, " ready."), f"{worker.name} did not start")

    def revive(self) -> None:
        """Start again what has ended a moment ago, whoever ended it."""
        for process in self.processes:
            if not process.is_running() and time.monotonic() - (process.died_at or 0.0) > REVIVE_SECONDS:
                process.start()

    def count_lines(self, text: str) -> int:
        """Lines in what the workers printed that hold the text."""
        return sum(
            text in line for worker in self.workers for line in worker.log_path.open(encoding="utf-8", errors="replace")
        )

    def stop(self) -> None:
        for process in self.processes:
            if process.starts:
                process.signal_group(signal.SIGCONT)
                process.kill()
        self._groups.close()
        self._guard.wait(10)

    def _process(self, name: str, argv: Callable[[str], Sequence[str]]) -> Process:
        return Process(name, argv, env=self.env, log_path=self._home / f"{name}.log", groups=self._groups)


@contextmanager
def home_folder(plan: Plan) -> Iterator[Path]:
    """A new folder, removed in the end unless the plan keeps it."""
    # Short, because the path of a socket may have some hundred characters only.
    home = Path(tempfile.mkdtemp(prefix="td-chaos-"))
    try:
        yield home
    finally:
        if plan.is_kept:
            print(f"kept: {home}", file=sys.stderr)
        else:
            shutil.rmtree(home, ignore_errors=True)


def environment(plan: Plan, home: Path) -> dict[str, str]:
    """All that the processes are told; nothing of the caller's own settings."""
    chosen = {"DATABASE_URL": plan.database_url, "CELERY_BROKER_URL": plan.broker_url}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONUNBUFFERED": "1",
        "TILLDONE_HOME": str(home),
        "SECRET_KEY": "the key of a drill, which no one else shall use",
        "LEASE_SECONDS": str(plan.lease_seconds),
        "WORKER_CONCURRENCY": str(plan.concurrency),
        "WORKER_POOL": plan.pool,
        "GRACE_SECONDS": str(_GRACE_SECONDS),
        "REMAP_SIGTERM": "SIGQUIT",
        **{name: value for name, value in chosen.items() if value},
    }


def _worker(plan: Plan) -> Callable[[str], Sequence[str]]:
    options = ("--pool", plan.pool, "--concurrency", str(plan.concurrency), *_WORKER_FLAGS)
    return lambda node: (*_CELERY, "worker", "--hostname", node, *options)


def _start_guard() -> subprocess.Popen[str]:
    """Ends the groups that it was told when the drill itself is killed."""
    script = str(ROOT / "webapp/cli/guard.py")
    return subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, text=True, start_new_session=True)


def _wait(is_so: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.05)
