"""The live stream under load: thousands of streams and events, beside two peers that do nothing else."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from bench import stream_servers
from bench.parts import parts, percentile
from bench.stream_servers import Server
from tests.live.news import a_change
from tests.process import ROOT
from tests.valkey_server import ValkeyServer
from webapp.app import create_app
from webapp.database import db
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.scans.states import State
from webapp.settings import Settings

SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
#: Streams, events a second, tick in seconds.
LOADS = [(100, 100, 0.05), (1000, 10, 0.0), (1000, 100, 0.0), (1000, 100, 0.05), (1000, 1000, 0.05), (5000, 100, 0.05)]
PEER_LOADS = [(1000, 10), (1000, 100)]
#: Each is measured so often in a row, and the median is told.
WINDOWS = int(os.environ.get("BENCH_WINDOWS", "3"))
CROWD = int(os.environ.get("BENCH_STREAMS", "5000"))
IDLE = int(os.environ.get("BENCH_IDLE_STREAMS", "10000"))
IDLE_SECONDS = 30


def run() -> None:
    print(f"\nLive: one process, events of a scan, median of {WINDOWS} times {SECONDS:.0f} s; us of CPU an event")
    with parts("sqlite") as settings:
        for streams, rate, tick in LOADS:
            with stream_servers.ours(settings, tick_seconds=tick) as server, _crowd(server, streams) as crowd:
                _print(server, streams, rate, _measure(server, crowd, rate), f"tick {tick * 1000:.0f} ms")
        _run_peers()
        _run_beside_busy_pages(settings)
        _run_idle(settings)
    _run_breaks()


@dataclass
class Crowd:
    """The clients' process."""

    process: subprocess.Popen[str]

    def ask(self, task: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{task}\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the clients gave up")
        return json.loads(line)


@contextmanager
def _crowd(server: Server, streams: int) -> Iterator[Crowd]:
    argv = [sys.executable, "-m", "bench.stream_client", server.address, str(streams), server.header, server.ready]
    process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        crowd = Crowd(process)
        crowd.answer()
        deadline = time.monotonic() + 60
        while server.subscribers and server.subscribers() < streams:
            assert time.monotonic() < deadline, "not all have subscribed"
            time.sleep(0.05)
        yield crowd
    finally:
        process.kill()
        process.wait()


def _measure(server: Server, crowd: Crowd, rate: int) -> dict[str, float]:
    stop = threading.Event()
    teller = threading.Thread(target=_tell, args=(server, rate, stop))
    teller.start()
    # Until it has settled down.
    crowd.ask("measure 1")
    crowd.answer()
    windows = [_window(server, crowd) for _ in range(WINDOWS)]
    stop.set()
    teller.join()
    return {name: median(window[name] for window in windows) for name in windows[0]}


def _window(server: Server, crowd: Crowd) -> dict[str, float]:
    cpu, redis_cpu = server.cpu_seconds(), _redis_cpu_seconds()
    crowd.ask(f"measure {SECONDS}")
    found = crowd.answer()
    cpu, redis_cpu = server.cpu_seconds() - cpu, _redis_cpu_seconds() - redis_cpu
    ages = found["ages"] or [float("nan")]
    return {
        "delivered": found["events"] / SECONDS,
        "p50": percentile(ages, 50),
        "p99": percentile(ages, 99),
        "us": 1e6 * cpu / max(1, found["events"]),
        "redis us": 1e6 * redis_cpu / max(1, found["events"]),
        "core": cpu / SECONDS,
        "clients": found["cpu"],
    }


def _redis_cpu_seconds() -> float:
    """Of the one that this benchmark has started; nchan needs none."""
    stores = [child for child in psutil.Process().children() if "valkey" in child.name() or "redis" in child.name()]
    return sum(times.user + times.system for times in (store.cpu_times() for store in stores))


def _tell(server: Server, rate: int, stop: threading.Event) -> None:
    """News of ever other scans, so that none is folded."""
    at = time.monotonic()
    while not stop.is_set():
        server.publish(a_change(uuid.uuid4(), state=State.WAITING, error=f"at={time.monotonic_ns()};"))
        at += 1 / rate
        time.sleep(max(0.0, at - time.monotonic()))


def _print(server: Server, streams: int, rate: int, found: dict[str, float], note: str) -> None:
    print(
        f"  {server.name:22} {streams:5} x {rate:4}/s {note:11} {found['delivered']:8.0f}/s"
        f" {found['us']:6.2f} us + Redis {found['redis us']:4.2f}   p50 {found['p50']:6.1f} p99 {found['p99']:6.1f} ms"
        f"   core {found['core']:.2f}, clients {found['clients']:.2f}",
        flush=True,
    )


def _run_peers() -> None:
    for streams, rate in PEER_LOADS:
        with ExitStack() as stack:
            valkey = ValkeyServer()
            valkey.start()
            stack.callback(valkey.discard)
            server = stack.enter_context(stream_servers.flask_sse(valkey))
            crowd = stack.enter_context(_crowd(server, streams))
            _print(server, streams, rate, _measure(server, crowd, rate), "")
        if not stream_servers.has_nchan():
            print("  nginx + nchan is not here (Debian, Ubuntu: apt-get install nginx libnginx-mod-nchan)")
            continue
        with tempfile.TemporaryDirectory() as folder, stream_servers.nchan(Path(folder)) as server:
            with _crowd(server, streams) as crowd:
                _print(server, streams, rate, _measure(server, crowd, rate), "")


def _run_beside_busy_pages(settings: Settings) -> None:
    """Somebody asks again and again for a page that computes for 20 ms."""
    for hub in ("web", "sidecar"):
        with stream_servers.ours(dataclasses.replace(settings, hub=hub), tick_seconds=0.05) as server:
            with _crowd(server, 1000) as crowd, _visitor(server) as took:
                _print(server, 1000, 10, _measure(server, crowd, 10), "busy pages")
            print(f"  {'':22} the page itself took {1000 * median(took):.0f} ms, {len(took)} of them")


@contextmanager
def _visitor(server: Server) -> Iterator[list[float]]:
    stop, took = threading.Event(), []
    name, value = server.header.split(": ")
    request = urllib.request.Request(server.address.replace("/api/v1/events", "/busy"), headers={name: value})

    def visit() -> None:
        while not stop.is_set():
            started = time.monotonic()
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
            took.append(time.monotonic() - started)

    visitor = threading.Thread(target=visit)
    visitor.start()
    yield took
    stop.set()
    visitor.join()


def _run_idle(settings: Settings) -> None:
    with stream_servers.ours(settings, tick_seconds=0.05) as server:
        with _crowd(server, 10):
            before = server.memory()
        started = time.monotonic()
        with _crowd(server, IDLE) as crowd:
            opened = time.monotonic() - started
            used, cpu = server.memory() - before, server.cpu_seconds()
            crowd.ask(f"measure {IDLE_SECONDS}")
            crowd.answer()
            cpu = server.cpu_seconds() - cpu
    print(
        f"  {'Tilldone, idle':22} {IDLE:5} streams: {used / IDLE / 1024:.2f} kB each,"
        f" {100 * cpu / IDLE_SECONDS:.2f} % of a core; opened in {opened:.1f} s ({IDLE / opened:.0f}/s)",
        flush=True,
    )


def _run_breaks() -> None:
    with ExitStack() as stack:
        valkey = ValkeyServer()
        valkey.start()
        stack.callback(valkey.discard)
        settings = dataclasses.replace(stack.enter_context(parts("sqlite")), redis_url=valkey.url)
        server = stack.enter_context(stream_servers.ours(settings, tick_seconds=0.05))
        server = dataclasses.replace(server, address=f"{server.address}?{_a_page(settings)}")
        crowd = stack.enter_context(_crowd(server, CROWD))
        seconds = _seconds_until_all_heard(crowd, '"revisions":', valkey.restart)
        print(f"  {CROWD} pages, Redis restarted: the last was told how all stands {seconds:.2f} s after it was back")
        seconds = _seconds_until_all_heard(crowd, "event: bye", lambda: server.process.signal(signal.SIGTERM))
        print(f"  {CROWD} streams, SIGTERM: the last was told {seconds:.2f} s later", end="")
        started = time.monotonic()
        server.process.wait()
        print(f", and web was gone {time.monotonic() - started:.2f} s after that", flush=True)


def _a_page(settings: Settings) -> str:
    """What a page of fifty scans asks its stream for."""
    app = create_app(settings)
    with app.app_context():
        changes = lifecycle.submit([Draft(f"http://127.0.0.1:9/{number}") for number in range(50)]).changes
        db.session.remove()
        db.engine.dispose()
    return f"ids={','.join(change.id.hex for change in changes)}&counts=all"


def _seconds_until_all_heard(crowd: Crowd, mark: str, act: Callable[[], object]) -> float:
    """From the end of the act."""
    crowd.ask(f"watch {mark}")
    act()
    done = time.monotonic()
    answer = crowd.answer()
    assert not answer["missing"], f"{answer['missing']} streams were not told"
    return float(answer["at"]) - done
