"""A batch's page while its scans move: what the browser's tracing says, beside the same page at rest."""

import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.parts import parts
from bench.trace import CATEGORIES, Busy, read_trace
from tests.conftest import running_app
from tests.factories import GOOD, UNAVAILABLE
from tests.journeys.conftest import CHROMIUM_ARGUMENTS, find_chromium
from tests.journeys.moves import Moves
from tests.stack import Site, web
from webapp.database import db
from webapp.scans import queries
from webapp.scans.states import State
from webapp.settings import Settings

SCANS: Final = int(os.environ.get("BENCH_PAGE_SCANS", "5000"))
RATE: Final = int(os.environ.get("BENCH_PAGE_RATE", "1000"))
IDLE_SECONDS: Final = 10.0
#: Attempts of each scan: the others are answered 503 and wait.
ATTEMPTS: Final = 2
#: For the worst case all changes are of rows that are shown.
HOT_SCANS: Final = 50
HOT_ATTEMPTS: Final = 100
_SETTLED_MILLISECONDS: Final = 30_000


def run() -> None:
    print(
        f"\nPage: {RATE:,} changes/s by the life cycle and Redis, the main thread of the page by the browser's tracing"
    )
    with parts("sqlite") as settings, web(settings) as address, _browser() as browser:
        for _ in running_app(settings):
            _measure(browser, address, Moves(), scans=SCANS, attempts=ATTEMPTS, settings=settings)
            _measure(browser, address, Moves(), scans=HOT_SCANS, attempts=HOT_ATTEMPTS, settings=settings)


def _measure(browser: Browser, address: Site, moves: Moves, *, scans: int, attempts: int, settings: Settings) -> None:
    ids = moves.submit(scans, batch=f"{scans:,} scans", wait_seconds=0.5, max_attempts=attempts)
    batch_id = moves.batch_of(ids[0])
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.request.get(address.login_link, max_redirects=0)
    page.goto(f"{address}/batches/{batch_id}")
    page.wait_for_selector("html[data-live=live]")
    idle = _trace(browser, page, lambda: page.wait_for_timeout(IDLE_SECONDS * 1000))
    driver = _Driver(settings, ids, attempts)
    busy = _trace(browser, page, lambda: driver.drive(page))
    print(f"  {scans:5,} scans at rest                    {idle}")
    print(f"  {scans:5,} scans, {driver.rate:5,.0f} changes/s          {busy}")
    _check(page, batch_id)
    page.close()


def _trace(browser: Browser, page: Page, act: Callable[[], None]) -> Busy:
    browser.start_tracing(page=page, categories=list(CATEGORIES))
    started = time.monotonic()
    act()
    seconds = time.monotonic() - started
    return read_trace(browser.stop_tracing(), seconds)


class _Driver:
    """Moves the scans in any order, on a thread and with a connection of its own."""

    def __init__(self, settings: Settings, ids: list[uuid.UUID], attempts: int) -> None:
        self._settings = settings
        self._steps = list(_steps(ids, attempts))
        self._is_over = threading.Event()
        self.rate = 0.0

    def drive(self, page: Page) -> None:
        threading.Thread(target=self._run, daemon=True).start()
        while not self._is_over.is_set():
            page.wait_for_timeout(200)

    def _run(self) -> None:
        try:
            for _ in running_app(self._settings):
                moves = Moves()
                started = time.monotonic()
                for number, step in enumerate(self._steps):
                    time.sleep(max(0.0, started + number / RATE - time.monotonic()))
                    step(moves)
                self.rate = len(self._steps) / (time.monotonic() - started)
        finally:
            self._is_over.set()


def _steps(ids: list[uuid.UUID], attempts: int) -> Iterator[Callable[[Moves], object]]:
    """Start and end each attempt of all scans before the next of any."""
    order = random.Random(7)
    for attempt in range(1, attempts + 1):
        answer = GOOD if attempt == attempts else UNAVAILABLE
        order.shuffle(ids)
        for first in range(0, len(ids), 25):
            some = ids[first : first + 25]
            for scan_id in some:
                yield lambda moves, scan_id=scan_id, attempt=attempt: moves.start(scan_id, attempt)
            for scan_id in some:
                yield lambda moves, scan_id=scan_id, answer=answer: moves.end(scan_id, answer)


def _check(page: Page, batch_id: uuid.UUID) -> None:
    """What the page shows when the dust has settled is what the database says."""
    db.session.rollback()
    counts = queries.count_by_state(queries.Filter(batch_id=batch_id))
    db.session.rollback()
    done = f"{counts[State.SUCCEEDED]:,}"
    expect(page.locator("[data-done]")).to_have_text(done, timeout=_SETTLED_MILLISECONDS)
    expect(page.locator(".row:not([data-state=succeeded])")).to_have_count(0)
    print(f"        the page ended with {done} of {sum(counts.values()):,} succeeded, as the database has it")


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
