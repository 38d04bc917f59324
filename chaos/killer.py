"""Kills, freezes and stops the drill's processes, and keeps the record of it.

Whole workers go one at a time, as in a rolling deploy: with nobody left, the drill would measure how long a worker
takes to start.
"""

import datetime as dt
import heapq
import itertools
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import psutil
import redis

from chaos.plan import Kind, Plan
from chaos.process import Process
from chaos.stack import Stack
from chaos.victims import client_ports, is_scanning, pool_of

#: A frozen process sleeps so much longer than its leases stand.
_BEYOND_LEASE_SECONDS: Final = 3.0
_POISON_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Kill:
    """What was done, when, and to which start of which worker; None when it was no worker."""

    kind: Kind
    at: dt.datetime
    node: str | None
    pid: int


class Killer:
    """``strike`` returns at once; what must follow later is done by ``tick``, from the caretaker's thread.

    Poison strikes from the target's threads.
    """

    def __init__(self, stack: Stack, plan: Plan) -> None:
        self.kills: list[Kill] = []
        self.target_port = 0
        self._stack, self._plan = stack, plan
        self._chance = random.Random(f"killer {plan.seed}")
        self._frozen: set[str] = set()
        self._stopping: set[str] = set()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to follow from the strikes so far."""
        return not self._later

    def tick(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            self._later[0][2]()
            with self._lock:
                heapq.heappop(self._later)

    def has_victim(self, kind: Kind) -> bool:
        """Whether there is somebody whose death tells something: a process that scans, a worker beside another."""
        if kind in (Kind.CHILD, Kind.FREEZE):
            return bool(self._busy())
        return kind not in (Kind.WORKER, Kind.REDEPLOY, Kind.RELEASE) or all(map(self._is_ready, self._stack.workers))

    def strike(self, kind: Kind) -> None:
        actions: dict[Kind, Callable[[], None]] = {
            Kind.CHILD: self._kill_child,
            Kind.WORKER: self._kill_worker,
            Kind.BEAT: lambda: self._kill(kind, self._stack.beat),
            Kind.WEB: lambda: self._kill(kind, self._stack.web),
            Kind.VALKEY: lambda: self._kill(kind, self._stack.valkey),
            Kind.FLUSH: self._flush,
            Kind.RABBITMQ: lambda: self._kill(kind, self._stack.rabbitmq),
            Kind.POSTGRES: lambda: self._kill(kind, self._stack.postgres),
            Kind.FREEZE: self._freeze,
            Kind.REDEPLOY: lambda: self._tell_to_stop(kind, [self._worker()]),
            Kind.RELEASE: lambda: self._tell_to_stop(kind, self._stack.services),
        }
        actions[kind]()

    def poison(self, client_port: int) -> None:
        """Kill the process that holds this end of a connection to the target."""
        for _ in range(_POISON_TRIES):
            for worker, process in self._pools():
                if client_port in client_ports(process, self.target_port):
                    self._record(Kind.POISON, worker.node, process.pid)
                    _send(process, signal.SIGKILL)
                    return
            time.sleep(0.05)

    def _kill_child(self) -> None:
        victim = self._victim()
        if victim is None:
            return
        worker, process = victim
        self._record(Kind.CHILD, worker.node, process.pid)
        _send(process, signal.SIGKILL)

    def _kill_worker(self) -> None:
        worker = self._worker()
        self._record(Kind.WORKER, worker.node, worker.pid)
        worker.kill()

    def _kill(self, kind: Kind, process: Process | None) -> None:
        assert process is not None, f"the plan kills {kind}, which is not there"
        self._record(kind, None, process.pid)
        process.kill()

    def _flush(self) -> None:
        """Valkey may be on its way back from a kill: then there is nothing it could forget."""
        self._record(Kind.FLUSH, None, self._stack.valkey.pid)
        with suppress(redis.RedisError), redis.Redis.from_url(self._stack.settings.redis_url) as client:
            client.flushall()

    def _freeze(self) -> None:
        """Until its leases are over and its scans have gone on elsewhere; then it wakes and writes, too late."""
        victim = self._victim()
        if victim is None:
            return
        worker, process = victim
        node = worker.node
        self._record(Kind.FREEZE, node, process.pid)
        self._frozen.add(node)
        _send(process, signal.SIGSTOP)

        def thaw() -> None:
            _send(process, signal.SIGCONT)
            self._frozen.discard(node)

        self._after(self._plan.lease_seconds + _BEYOND_LEASE_SECONDS, thaw)

    def _tell_to_stop(self, kind: Kind, processes: Sequence[Process]) -> None:
        """Ask, and after the platform's grace make sure; the stack starts them again."""
        for process in processes:
            node = process.node
            self._record(kind, node, process.pid)
            self._stopping.add(node)
            process.signal_group(signal.SIGTERM)
            self._after(self._stack.settings.grace_seconds, partial(_make_sure, process, node))

    def _worker(self) -> Process:
        """One whose children are awake, if there is one: a late write is what the frozen ones are wanted for."""
        running = [worker for worker in self._stack.workers if worker.is_running()]
        awake = [worker for worker in running if worker.node not in self._frozen]
        return self._chance.choice(awake or running or self._stack.workers)

    def _victim(self) -> tuple[Process, psutil.Process] | None:
        """A process that runs a scan just now, if there is one; None while all workers are down."""
        found = self._busy() or self._pools()
        return self._chance.choice(found) if found else None

    def _busy(self) -> list[tuple[Process, psutil.Process]]:
        return [(worker, process) for worker, process in self._pools() if is_scanning(process, self.target_port)]

    def _pools(self) -> list[tuple[Process, psutil.Process]]:
        return [
            (worker, process) for worker in self._stack.workers for process in pool_of(worker, pool=self._plan.pool)
        ]

    def _is_ready(self, worker: Process) -> bool:
        # Only prefork has children of which one can be frozen while the others go on.
        if worker.node in self._frozen and self._plan.pool != "prefork":
            return False
        return worker.is_running() and worker.node not in self._stopping and worker.has_printed(f"{worker.node} ready.")

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        with self._lock:
            heapq.heappush(self._later, (time.monotonic() + seconds, next(self._numbers), action))

    def _record(self, kind: Kind, node: str | None, pid: int) -> None:
        with self._lock:
            self.kills.append(Kill(kind, dt.datetime.now(dt.UTC), node, pid))
            print(f"        {dt.datetime.now():%H:%M:%S}  {kind} {node or ''} pid={pid}", file=sys.stderr, flush=True)


def _make_sure(process: Process, node: str) -> None:
    """Kill this start of it, if it still runs."""
    if process.node == node and process.is_running():
        process.kill()


def _send(process: psutil.Process, number: int) -> None:
    """psutil makes sure that the number was not given to another process meanwhile."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        pass
