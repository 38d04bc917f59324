"""Politeness per host: whether two workers keep it, what a paused host costs the others, and what a check costs."""

import asyncio
import dataclasses
import os
import statistics
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final, Self

from flask import Flask
from sqlalchemy import select

from bench.parts import parts, percentile
from tasks.host_gate import Scope, Sign, Standing, get_gate
from tasks.host_lines import HostLines
from tasks.host_place import Place, ask_for_place
from tasks.wake import wake
from tests.stack import beat, worker
from webapp.app import create_app
from webapp.database import db, transaction
from webapp.live.redis_client import get_redis
from webapp.scans import lifecycle
from webapp.scans.draft import Draft
from webapp.scans.host_limits import HostLimits
from webapp.scans.models import Scan
from webapp.settings import Settings

HOSTS: Final = int(os.environ.get("BENCH_HOSTS", "200"))
SCANS: Final = int(os.environ.get("BENCH_HOST_SCANS", "2000"))
AT_ONE: Final = int(os.environ.get("BENCH_SCANS_AT_ONE", "30"))
ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "3"))
#: Few enough, and the pace of the hosts is what is measured; many, and it is the machine's.
STARTS: Final = float(os.environ.get("BENCH_HOST_STARTS", "1"))
CHECKS: Final = 2000
LINE: Final = int(os.environ.get("BENCH_LINE", "10000"))
#: The hosts that answer 429 and ask for this much patience.
_PAUSE_SECONDS: Final = 3600
_GOOD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\nConnection: close\r\n\r\n"
_BODY: Final = b'{"success": true}'
_BUSY: Final = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: %d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class World:
    """Hosts 127.1.0.1 and on, all served by one thread; it notes when each was asked, and how many were at it."""

    def __init__(self, *, delay_seconds: float = 0.0, paused: frozenset[str] = frozenset()) -> None:
        self.delay_seconds = delay_seconds
        self.paused = paused
        self.starts: defaultdict[str, list[float]] = defaultdict(list)
        self.peak: defaultdict[str, int] = defaultdict(int)
        self.under_way: defaultdict[str, int] = defaultdict(int)
        self.good = 0
        self.last_good = 0.0
        self.port = 0
        self.changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def wait(self, good: int, timeout: float = 600) -> None:
        with self.changed:
            if not self.changed.wait_for(lambda: self.good >= good, timeout):
                raise TimeoutError(f"{self.good} of {good} were answered within {timeout} s")

    async def _listen(self) -> int:
        """All on one port, which the first of them chooses."""
        port = 0
        for number in range(1, HOSTS + 1):
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: _Connection(self), _address(number), port, backlog=256)
            port = server.sockets[0].getsockname()[1]
        return port


class _Connection(asyncio.Protocol):
    def __init__(self, world: World) -> None:
        self._world = world
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._host: str = transport.get_extra_info("sockname")[0]

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        world, host = self._world, self._host
        world.starts[host].append(time.monotonic())
        world.under_way[host] += 1
        world.peak[host] = max(world.peak[host], world.under_way[host])
        asyncio.get_running_loop().call_later(world.delay_seconds, self._answer)

    def _answer(self) -> None:
        world, host = self._world, self._host
        is_good = host not in world.paused
        self._transport.write(_GOOD + _BODY if is_good else _BUSY % _PAUSE_SECONDS)
        self._transport.close()
        world.under_way[host] -= 1
        with world.changed:
            if is_good:
                world.good += 1
                world.last_good = time.monotonic()
            world.changed.notify_all()


def run() -> None:
    print(f"\nHosts: two workers, one scheduler, {HOSTS} hosts on loopback")
    for database in ("sqlite", "postgres"):
        with parts(database) as settings:
            polite = dataclasses.replace(
                settings,
                host_concurrency=2,
                host_starts_per_second=1.0,
                host_breaker_failures=10,
                host_pause_cap=86400.0,
            )
            print(f"  {database}")
            _one_host(polite)
            _paused_host(dataclasses.replace(polite, host_starts_per_second=STARTS))
            _check(polite)
            _long_line(polite)


def _one_host(settings: Settings) -> None:
    """With answers that take longer than the pause between two starts, so that both limits are put to the test."""
    faster = dataclasses.replace(settings, host_starts_per_second=4.0)
    for limits, delay in ((settings, 0.05), (faster, 0.7)):
        with World(delay_seconds=delay) as world, _stack(limits):
            _submit(limits, [_url(world, 1, n) for n in range(AT_ONE)])
            world.wait(AT_ONE)
        [(host, starts)] = world.starts.items()
        count = int(limits.host_starts_per_second)
        least = min(later - earlier for earlier, later in zip(starts, starts[count:], strict=False))
        rate = (len(starts) - 1) / (starts[-1] - starts[0])
        print(
            f"    one host, 2 at once and {count} a second allowed, answers take {delay} s: at once at most "
            f"{world.peak[host]}, any {count + 1} starts took at least {least:.2f} s, {rate:.2f} a second"
        )


def _paused_host(settings: Settings) -> None:
    """All scans but those of the one host, by the clock of the last good answer."""
    host = "127.1.0.1"
    with_pause, without = [], []
    for _ in range(ROUNDS):
        with_pause.append(_spread(settings, frozenset({host})))
        without.append(_spread(settings, frozenset()))
    ratio = statistics.median(a / b for a, b in zip(with_pause, without, strict=True))
    print(
        f"    {SCANS} scans over {HOSTS} hosts: {statistics.median(with_pause):.0f}/s with one host paused, "
        f"{statistics.median(without):.0f}/s without, ratio {ratio:.2f}  (aim 0.95)"
    )


def _spread(settings: Settings, paused: frozenset[str]) -> float:
    """Good answers a second of the hosts that are not paused, from the first to the last."""
    each = SCANS // HOSTS
    with World(paused=paused) as world, _stack(settings):
        _submit(settings, [_url(world, 1 + n % HOSTS, n) for n in range(SCANS)])
        good = SCANS - each * len(paused)
        world.wait(good)
        first = min(starts[0] for starts in world.starts.values())
        for host in paused:
            assert len(world.starts[host]) <= settings.host_concurrency, "a paused host was asked"
        return good / (world.last_good - first)


def _check(settings: Settings) -> None:
    """What a claim pays for politeness: one look at the row, one script before the exchange and one after."""
    app = create_app(settings)
    with app.app_context():
        ids = [change.id for change in lifecycle.submit(_drafts(CHECKS)).changes]
        gate = get_gate()
        claim = _each_ms(ids, lambda scan_id: lifecycle.start(scan_id, 9, worker="bench", lease_seconds=10))
        whole = _each_ms(ids, _come_and_go)
        scopes = [Scope(f"127.2.{n // 250}.{n % 250}", None, HostLimits()) for n in range(CHECKS)]
        enter = _each_ms(scopes, lambda scope: gate.enter(scope, "bench", Standing.NEW))
        leave = _each_ms(scopes, lambda scope: gate.leave(scope, "bench", Sign.WELL, pause=0))
        db.engine.dispose()
    print(
        f"    a check, p50/p99: look, enter and leave {whole[0]:.2f}/{whole[1]:.2f} ms "
        f"(enter {enter[0]:.2f}, leave {leave[0]:.2f}); beside it a claim that finds nothing {claim[0]:.2f} ms"
    )


def _come_and_go(scan_id: uuid.UUID) -> None:
    place = ask_for_place(scan_id, 1)
    assert isinstance(place, Place), place
    place.leave_untold()


def _long_line(settings: Settings) -> None:
    """A look of the scheduler at a line of ten thousand, and one of as many lines as there are hosts."""
    app = create_app(settings)
    with app.app_context():
        for name, hosts in (("one host", 1), (f"{HOSTS} hosts", HOSTS)):
            changes = lifecycle.submit(_drafts(LINE, hosts=hosts), batch_name="").changes
            for change in changes:
                lifecycle.hold(change.id, 1, shut=None)
            looks = _each_ms([HostLines(get_gate(), limit=1000)] * 5, HostLines.step)
            print(f"    {LINE:,} in line at {name}: a look of the scheduler {looks[0]:.1f} ms, at most {looks[1]:.1f}")
            for change in changes:
                lifecycle.cancel(change.id)
        db.engine.dispose()


def _each_ms(items: Iterable[Any], work: Callable[[Any], object]) -> tuple[float, float]:
    times = []
    for item in items:
        started = time.perf_counter()
        work(item)
        times.append((time.perf_counter() - started) * 1000)
    return percentile(times, 50), percentile(times, 99)


@contextmanager
def _stack(settings: Settings) -> Iterator[None]:
    app = create_app(settings)
    with app.app_context():
        with ExitStack() as running:
            running.enter_context(worker(settings, concurrency=4))
            running.enter_context(worker(settings, concurrency=4))
            running.enter_context(beat(settings))
            yield
        _clear(app)


def _clear(app: Flask) -> None:
    """What one run left, its scans and its pauses, is nothing for the next."""
    with transaction() as connection:
        left = list(connection.scalars(select(Scan.id).where(Scan.finished_at.is_(None))))
    for scan_id in left:
        lifecycle.cancel(scan_id)
    get_redis(app).flushall()
    db.engine.dispose()


def _submit(settings: Settings, urls: Sequence[str]) -> None:
    """As the pages and the API do."""
    at_once = HostLimits(settings.host_concurrency, settings.host_starts_per_second).at_once
    submission = lifecycle.submit([Draft(url) for url in urls], batch_name="bench", at_once=at_once)
    assert wake(submission.wake_ups)


def _address(number: int) -> str:
    return f"127.1.{number // 250}.{number % 250}"


def _url(world: World, number: int, path: int) -> str:
    return f"http://{_address(number)}:{world.port}/{path}"


def _drafts(count: int, *, hosts: int = 0) -> list[Draft]:
    return [Draft(f"http://127.2.{n % (hosts or count) // 250}.{n % (hosts or count) % 250}:9/") for n in range(count)]
