"""How long each page of the list takes beside very many scans, and what keeping it quick costs those who write."""

import dataclasses
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import psutil
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from bench.parts import parts, percentile
from bench.plans import plans
from bench.upkeep import measure_upkeep
from tests.conftest import OutsideClient, settings_for
from tests.sign_in import an_admin, signed_in
from webapp.app import create_app
from webapp.database import db
from webapp.live.interpreter import keep_what_is_loaded
from webapp.migrate import upgrade
from webapp.scans.counts import fold_counts
from webapp.scans.models import Attempt, Batch, Scan
from webapp.scans.search_index import index_texts
from webapp.scans.seeding import seed
from webapp.scans.states import State
from webapp.settings import Settings

SCANS = int(os.environ.get("BENCH_LIST_SCANS", "100000"))
ROUNDS = int(os.environ.get("BENCH_LIST_ROUNDS", "60"))
#: A database that is filled already, by `tilldone seed`; it is asked, and what is measured of writing is taken back.
FILLED_URL = os.environ.get("BENCH_DATABASE_URL")
AIMS = {"sqlite": 150, "postgresql": 100}
#: Lines of plans that say what is read; the others say what is done with it.
_READS = ("scan", "search", "index", "virtual table")

Question = Callable[[], str]


def run() -> None:
    print(f"\nList: server time of whole pages, {ROUNDS} of each question with another subject each time")
    for settings in [_filled(FILLED_URL)] if FILLED_URL else [parts("sqlite"), parts("postgres")]:
        with settings as found:
            app = create_app(found)
            with app.app_context():
                _measure(app)
                db.session.remove()
                db.engine.dispose()


@contextmanager
def _filled(url: str) -> Iterator[Settings]:
    with TemporaryDirectory() as home, parts("sqlite") as others:
        settings = dataclasses.replace(others, database_url=settings_for(Path(home), url, "").database_url)
        upgrade(create_app(settings))
        yield settings


def _measure(app: Flask) -> None:
    if not FILLED_URL:
        started = time.monotonic()
        seed(SCANS)
        print(f"  filled in {time.monotonic() - started:.0f} s")
    _catch_up()
    scans, attempts = (db.session.scalar(select(func.count()).select_from(table)) for table in (Scan, Attempt))
    name = db.engine.dialect.name
    print(f"  {name}: {scans:,} scans, {attempts:,} attempts (aim: p95 {AIMS[name]} ms)")
    # As web does.
    keep_what_is_loaded()
    app.test_client_class = OutsideClient
    client = signed_in(app, app.test_client(), an_admin())
    worst = 0.0
    for title, question in _questions().items():
        worst = max(worst, _ask(client, title, question))
    print(f"    worst p95 {worst:.1f} ms: {'within' if worst <= AIMS[name] else 'NOT within'} the aim")
    # A transaction that has read the scans would keep their triggers from being dropped.
    db.session.rollback()
    measure_upkeep()


def _catch_up() -> None:
    """As a scheduler would have: a run before this one may have left thousands of texts that are not indexed."""
    while fold_counts(10_000) or index_texts(10_000, characters=1_000_000):
        pass
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE search_todo, search_text, scan_count_change"))


def _ask(client: FlaskClient, title: str, question: Question) -> float:
    """The p95 of the question in milliseconds."""
    times = []
    client.get(question())
    before = _cpu_seconds()
    for _ in range(ROUNDS):
        path = question()
        started = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, (path, answer.status)
    cpu = (_cpu_seconds() - before) * 1000 / ROUNDS
    p50, p95, most = percentile(times, 50), percentile(times, 95), max(times)
    print(f"    {title:38} p50 {p50:6.1f}   p95 {p95:6.1f}   max {most:6.1f} ms   CPU {cpu:6.1f} ms")
    last = question()
    seen = {line.strip(" ->") for lines in plans(lambda: client.get(last)) for line in lines if _tells(line)}
    for line in sorted(seen):
        print(f"        {line[:150]}")
    return p95


def _cpu_seconds() -> float:
    """Of this process and of the database's that serve it: it hardly knows how busy the machine is."""
    if db.engine.dialect.name == "sqlite":
        return time.process_time()
    with db.engine.connect() as connection:
        backends = connection.scalars(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")).all()
    times = [psutil.Process(pid).cpu_times() for pid in backends if psutil.pid_exists(pid)]
    return time.process_time() + sum(each.user + each.system for each in times)


def _tells(line: str) -> bool:
    return any(word in line.lower() for word in _READS) and "user" not in line and "session" not in line


def _questions() -> dict[str, Question]:
    dice = random.Random(1)
    samples = _samples(dice)
    oldest = db.session.scalars(select(Scan).order_by(Scan.id).limit(200)).all()
    batch = db.session.scalars(select(Batch).order_by(Batch.total.desc()).limit(1)).one()
    states: dict[str, Question] = {f"tab {state}": _fixed(f"/?state={state}") for state in State}

    def sample() -> Scan:
        return dice.choice(samples)

    return {
        "home": _fixed("/"),
        **states,
        "next page": lambda: f"/?cursor={sample().id}",
        "next page of a state": lambda: f"/?state={sample().state}&cursor={sample().id}",
        "oldest page": lambda: f"/?cursor={dice.choice(oldest[60:]).id}",
        "page before": lambda: f"/?newer={sample().id}",
        "batch": _fixed(f"/batches/{batch.id}"),
        "batch, a state": _fixed(f"/batches/{batch.id}?state=failed"),
        "counts and news of the list": _fixed("/partials/list"),
        "search: part of a URL, one match": lambda: f"/?q={quote(sample().url[-12:])}",
        "search: whole URL": lambda: f"/?q={quote(sample().url)}",
        "search: host": lambda: f"/?q={sample().host}",
        "search: everywhere": _fixed("/?q=https://"),
        "search: error, frequent": _fixed("/?q=Service+Unavailable"),
        "search: error, seldom": _fixed("/?q=worker+was+lost"),
        "search: error of a state": _fixed("/?q=certificate&state=waiting"),
        "search: two letters": _fixed("/?q=zz"),
        "search: nothing, many parts of it": lambda: f"/?q=.example/export/{dice.randrange(10**7):07d}x",
        "search: nothing at all": _fixed("/?q=nowhere-to-be-found"),
        "search: in a state": lambda: f"/?state=failed&q={sample().host}",
        "search: in a batch": lambda: f"/batches/{batch.id}?q={quote(sample().url[-7:])}",
        "search: in a batch and a state": lambda: f"/batches/{batch.id}?state=succeeded&q={sample().host}",
        "search: next page": lambda: f"/?q=Bad+Gateway&cursor={sample().id}",
        "API: list": lambda: f"/api/v1/scans?limit=200&cursor={sample().id}",
    }


def _fixed(path: str) -> Question:
    return lambda: path


def _samples(dice: random.Random) -> list[Scan]:
    """Scans from all over the list, and some that are queued or run."""
    first, last = (db.session.scalar(select(Scan.id).order_by(order).limit(1)) for order in (Scan.id, Scan.id.desc()))
    assert first and last
    moments = [type(first)(int=dice.randrange(first.int, last.int)) for _ in range(300)]
    found = [db.session.scalars(select(Scan).where(Scan.id >= moment).order_by(Scan.id).limit(1)) for moment in moments]
    samples = [scan for scans in found for scan in scans]
    if not db.session.scalar(select(Scan.id).where(Scan.state == State.QUEUED).limit(1)):
        for state in (State.QUEUED, State.RUNNING):
            chosen = "SELECT id FROM scan WHERE state = 'waiting' ORDER BY id LIMIT 2000"
            db.session.execute(text(f"UPDATE scan SET state = '{state}' WHERE id IN ({chosen})"))
        db.session.commit()
    return samples
