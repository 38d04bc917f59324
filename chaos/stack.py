"""The stack that a drill kills: Valkey, workers and beat on a folder and a database of their own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import psycopg
import redis

from chaos.plan import OWN_BROKER, OWN_DATABASE, Plan
from chaos.postgres import prepare
from chaos.process import ROOT, Process
from chaos.rabbitmq import RabbitMq
from chaos.target import TARGET_ADDRESS
from webapp.settings import Settings

#: A platform starts again what has ended, but not at once.
REVIVE_SECONDS: Final = 0.7
START_SECONDS: Final = 60.0
#: From SIGTERM to SIGKILL; the worker lets go two seconds after the first, by what it is told of the second.
_GRACE_SECONDS: Final = 6
_WORKER_FLAGS: Final = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=INFO")
_WEB: Final = (sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app")
_CELERY: Final = (sys.executable, "-m", "celery", "-A", "chaos.entry:celery")


class Stack:
    """All processes of a drill but the drill itself."""

    def __init__(self, plan: Plan, home: Path) -> None:
        own_postgres = prepare(home / "pg") if plan.database_url == OWN_DATABASE else None
        own_rabbitmq = RabbitMq(home / "mq") if plan.broker_url == OWN_BROKER else None
        database_url = own_postgres.url if own_postgres else plan.database_url
        broker_url = own_rabbitmq.url if own_rabbitmq else plan.broker_url
        self.env = environment(plan, home, database_url, broker_url)
        self.settings = Settings.from_env(self.env)
        self.address = f"http://127.0.0.1:{self.settings.port}"
        self._guard = start_guard()
        assert self._guard.stdin is not None
        self._groups = self._guard.stdin
        self._home = home
        self.valkey = self._process("valkey", lambda _: (sys.executable, "-m", "webapp.cli", "valkey"))
        self.postgres = None
        if own_postgres:
            self.postgres = self._process("postgres", lambda _: own_postgres.argv, user=own_postgres.user)
        self.rabbitmq = None
        if own_rabbitmq:
            self.rabbitmq = self._process("rabbitmq", lambda _: own_rabbitmq.argv, env=own_rabbitmq.env)
        self.web = self._process("web", lambda _: _WEB)
        self.beat = self._process("beat", lambda _: (*_CELERY, "beat", "--pidfile=", "--loglevel=INFO"))
        self.workers = [self._process(f"w{number + 1}", _worker(plan)) for number in range(plan.workers)]
        self.readiness: dict[Process, Callable[[], bool]] = {self.valkey: self._is_valkey_ready}
        if self.postgres is not None:
            self.readiness[self.postgres] = self._is_postgres_ready
        if self.rabbitmq is not None and own_rabbitmq is not None:
            self.readiness[self.rabbitmq] = own_rabbitmq.is_ready
        self.services = [*self.workers, self.web, *([] if "due" in plan.without else [self.beat])]

    @property
    def processes(self) -> list[Process]:
        return [*self.readiness, *self.services]

    def start_stores(self) -> None:
        for store in self.readiness:
            store.start()
        for store, is_ready in self.readiness.items():
            wait_until(is_ready, f"{store.name} did not start")

    def start_services(self) -> None:
        for process in self.services:
            process.start()
        for worker in self.workers:
            wait_until(partial(worker.has_printed, " ready."), f"{worker.name} did not start")

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

    def _is_valkey_ready(self) -> bool:
        with suppress(redis.RedisError), redis.Redis.from_url(self.settings.redis_url) as client:
            return bool(client.ping())
        return False

    def _is_postgres_ready(self) -> bool:
        url = self.settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        with suppress(psycopg.Error), psycopg.connect(url, connect_timeout=1):
            return True
        return False

    def _process(
        self,
        name: str,
        argv: Callable[[str], Sequence[str]],
        *,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> Process:
        log_path = self._home / f"{name}.log"
        return Process(name, argv, env=env or self.env, log_path=log_path, groups=self._groups, user=user)


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


def environment(plan: Plan, home: Path, database_url: str | None, broker_url: str | None) -> dict[str, str]:
    """All that the processes are told; nothing of the caller's own settings."""
    chosen = {
        "DATABASE_URL": database_url,
        "CELERY_BROKER_URL": broker_url,
        "TILLDONE_DRILL_WITHOUT_CLAIM": "1" if "claim" in plan.without else None,
    }
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONUNBUFFERED": "1",
        "TILLDONE_HOME": str(home),
        "SECRET_KEY": "the key of a drill, which no one else shall use",
        "HOST": "127.0.0.1",
        "PORT": str(_free_port()),
        "LEASE_SECONDS": str(plan.lease_seconds),
        "WORKER_CONCURRENCY": str(plan.concurrency),
        "WORKER_POOL": plan.pool,
        "GRACE_SECONDS": str(_GRACE_SECONDS),
        # Its one target answers thousands.
        "HOST_CONCURRENCY": "0",
        "HOST_STARTS_PER_SECOND": "0",
        "HOST_BREAKER_FAILURES": "0",
        "HOST_PAUSE_CAP": "0",
        "SCAN_ALLOW": TARGET_ADDRESS,
        "SUBMITS_PER_MINUTE": "0",
        "REMAP_SIGTERM": "SIGQUIT",
        **{name: value for name, value in chosen.items() if value},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _worker(plan: Plan) -> Callable[[str], Sequence[str]]:
    options = ("--pool", plan.pool, "--concurrency", str(plan.concurrency), *_WORKER_FLAGS)
    return lambda node: (*_CELERY, "worker", "--hostname", node, *options)


def start_guard() -> subprocess.Popen[str]:
    """Ends the groups that it was told when the drill itself is killed."""
    script = str(ROOT / "webapp/cli/guard.py")
    return subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, text=True, start_new_session=True)


def wait_until(is_so: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.05)
