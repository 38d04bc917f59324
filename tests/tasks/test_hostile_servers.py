"""Servers that drip, flood, lie and blow up: each attempt ends in time, in little memory, and with a plain word."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fetching import fetch
from tests.tasks.hostile_server import DRIPS, FLOODS, WHOLE, HostileServer
from webapp.scans.exchange import MISSING, Exchange, Request
from webapp.scans.states import ErrorCode, Outcome

DRIP_SECONDS = 1.5
#: What floods is stopped by its size, long before.
FLOOD_SECONDS = 60.0
MAX_BODY = 5 * 1024 * 1024
MAX_GROWTH_MB = 40


class Ended(NamedTuple):
    exchange: Exchange
    seconds: float
    connections: int


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    running = HostileServer()
    yield running
    running.stop()


def meet(server: HostileServer, path: str, timeout: float) -> Ended:
    started, before = time.monotonic(), server.connections[path]
    exchange = fetch(Request("GET", server.url(path)), timeout=timeout)
    return Ended(exchange, time.monotonic() - started, server.connections[path] - before)


@pytest.fixture(scope="module")
def dripped(server: HostileServer) -> dict[str, Ended]:
    """All at once, since they only wait."""
    with ThreadPoolExecutor(len(DRIPS)) as pool:
        return dict(zip(DRIPS, pool.map(lambda name: meet(server, f"drips/{name}", DRIP_SECONDS), DRIPS), strict=True))


def check_words(exchange: Exchange) -> None:
    assert exchange.failure is None or exchange.failure.message.endswith(".")
    words = [
        exchange.reason,
        exchange.content_type,
        *sum(exchange.headers, ()),
        exchange.failure and exchange.failure.message,
    ]
    assert all(word is None or word.isprintable() for word in words)
    assert len(exchange.body) <= MAX_BODY


@pytest.mark.parametrize("name", DRIPS)
def test_what_drips_ends_at_the_deadline(dripped: dict[str, Ended], name: str) -> None:
    exchange, seconds, connections = dripped[name]

    assert exchange.failure is not None and exchange.failure.outcome is Outcome.TIMED_OUT
    assert DRIP_SECONDS <= seconds < DRIP_SECONDS + 5 and connections <= 1
    check_words(exchange)


@pytest.mark.parametrize("name", FLOODS)
def test_what_floods_ends_by_its_size(server: HostileServer, name: str) -> None:
    exchange, seconds, connections = meet(server, f"floods/{name}", FLOOD_SECONDS)

    assert seconds < FLOOD_SECONDS and connections == 1
    check_words(exchange)
    if exchange.failure is None:
        assert exchange.is_truncated
    else:
        assert exchange.failure.code is ErrorCode.BAD_RESPONSE and not exchange.failure.is_permanent


@pytest.mark.parametrize("path", ["floods/provisional answers", "floods/long header lines", "whole/header values"])
def test_headers_have_an_end_of_their_own(server: HostileServer, path: str) -> None:
    failure = meet(server, path, FLOOD_SECONDS).exchange.failure

    assert failure is not None and failure.message == "The headers of the answer are larger than 256 KiB."


def test_crumbs_are_counted(server: HostileServer) -> None:
    exchange = meet(server, "floods/small chunks", FLOOD_SECONDS).exchange

    assert exchange.is_truncated and 100_000 < len(exchange.body) < 250_000


def test_a_sign_of_life_does_not_begin_the_time_anew(server: HostileServer) -> None:
    assert meet(server, "drips/late byte", 2.0).seconds < 2.9


@pytest.mark.parametrize("name", WHOLE)
def test_what_blows_up_is_cut_or_named(server: HostileServer, name: str) -> None:
    exchange, seconds, connections = meet(server, f"whole/{name}", FLOOD_SECONDS)

    assert seconds < FLOOD_SECONDS
    assert connections == 1 or name == "good"
    check_words(exchange)
    if name.startswith(("brotli", "zstd", "encoding", "bomb in a bomb", "bomb in deflate")):
        assert exchange.failure is not None and exchange.failure.code is ErrorCode.BAD_RESPONSE
        assert exchange.failure.is_permanent and exchange.body == b""
    elif name == "bomb in a redirect":
        assert exchange.body == b"good"
    elif name.startswith("bomb"):
        assert exchange.is_truncated and len(exchange.body) == MAX_BODY
    elif name.startswith("json of as many"):
        assert exchange.failure is None and exchange.json is not MISSING
    elif name.startswith("json of"):
        assert exchange.json is MISSING


MEASURE = """
import json, sys
from tests.fetching import fetch
from tests.tasks.hostile_server import ECHOED
from webapp.scans.exchange import Request
from webapp.scans.masking import mask
from webapp.scans.rules import judge

def kib(name):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

*urls, good = sys.argv[1:]
secrets = {"X-Secret": ECHOED}
judge(mask(fetch(Request("GET", good), timeout=5), secrets))
for url in urls:
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    before = kib("VmRSS")
    judge(mask(fetch(Request("GET", url), timeout=20), secrets))
    print(url, kib("VmHWM") - before, flush=True)
"""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="peaks of memory are told by Linux alone")
def test_no_answer_costs_a_worker_more_than_40_mb(server: HostileServer) -> None:
    root = Path(__file__).parents[2]
    paths = [*map("floods/{}".format, FLOODS), *map("whole/{}".format, WHOLE)]
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(server.url, paths)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=100,
    )

    growth = {url.split("/", 3)[3]: int(kib) / 1024 for url, kib in map(str.split, run.stdout.splitlines())}
    assert len(growth) == len(paths) - 1, run.stderr
    assert {path: mb for path, mb in growth.items() if mb >= MAX_GROWTH_MB} == {}
