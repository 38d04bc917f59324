"""What the guard costs: a guarded fetch beside plain requests, which ask the same target in the same run by turns."""

import statistics
import time
from collections.abc import Callable
from typing import Final

import requests

from bench.target import Target
from tasks.fetch import PRODUCT, fetch
from tasks.guard import Guard
from tests.reach import LOOPBACK
from webapp.scans.exchange import Request

ROUNDS: Final = 15
FETCHES: Final = 100
HEADERS: Final = {"User-Agent": PRODUCT, "Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "close"}
AIM: Final = 0.85


def run() -> None:
    print(f"\nGuard: one fetch after the other on loopback, {ROUNDS} rounds of {FETCHES} each by turns (aim ≥ {AIM})")
    with Target() as target, requests.Session() as session:
        for host in ("127.0.0.1", "localhost"):
            url = target.url("guard").replace("127.0.0.1", host)
            _compare(host, lambda url=url: _plain(session, url), lambda url=url: _guarded(url))  # type: ignore[misc]


def _compare(host: str, plain: Callable[[], None], guarded: Callable[[], None]) -> None:
    _time(plain), _time(guarded)
    rounds = [(_time(plain), _time(guarded)) for _ in range(ROUNDS)]
    ratio, cpu_ratio = (statistics.median(one[part] / other[part] for one, other in rounds) for part in (0, 1))
    before, after = (statistics.median(times[side][0] for times in rounds) / FETCHES * 1e6 for side in (0, 1))
    costs = f"plain requests {before:5.0f} µs   guarded {after:5.0f} µs a fetch"
    print(f"  {host:10} {costs}   ratio {ratio:.2f} by the clock, {cpu_ratio:.2f} in CPU time")


def _time(one: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor."""
    started, began = time.perf_counter(), time.process_time()
    for _ in range(FETCHES):
        one()
    return time.perf_counter() - started, time.process_time() - began


def _plain(session: requests.Session, url: str) -> None:
    response = session.get(url, headers=HEADERS, timeout=30)
    assert response.status_code == 200 and response.json()["success"]


def _guarded(url: str) -> None:
    exchange = fetch(Request("GET", url), guard=Guard(LOOPBACK), timeout=30)
    assert exchange.status == 200 and exchange.json["success"]
