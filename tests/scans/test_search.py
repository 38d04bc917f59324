"""Search: what it finds is what a look at every scan would find, whichever way it takes."""

import random
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from tests.factories import UNAVAILABLE, a_claim, a_scan, settle
from tests.scans.test_races import at_once
from webapp.database import db, transaction
from webapp.scans import lifecycle, queries, search, search_index
from webapp.scans.derived import SearchSegment, SearchText, SearchTodo
from webapp.scans.draft import Draft
from webapp.scans.filters import Filter, lowered
from webapp.scans.models import Scan
from webapp.scans.search_index import index_texts
from webapp.scans.states import State

HOSTS = ("shop.example", "API.example", "ünder-score_100%.example", "quo\"te's.example")
TERMS = (
    "shop",
    "SHOP.example/",
    "api.EXAMPLE",
    "/7",
    "e",
    "%",
    "_",
    "_100%",
    "\"te's",
    "ünder",
    "\x00shop",
    "\\",
    "later",
    "nowhere at all",
    "answered 503",
    "https://shop.example/export/7?page=1",
    "   ",
)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few scans are many parts: several segments, several looks at rows."""
    monkeypatch.setattr(search_index, "SEGMENT_SIZE", 10)
    monkeypatch.setattr(search, "_FIRST_SCANS", 3)
    monkeypatch.setattr(search, "_NEXT_SCANS", 5)
    monkeypatch.setattr(search, "SEARCH_SECONDS", 60.0)


@pytest.fixture(params=["by index", "row by row"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, small_steps: None) -> None:
    monkeypatch.setattr(search, "_SHORT_LIST", 0 if request.param == "by index" else 1_000_000)


@pytest.fixture
def scans(either_app: Flask) -> Iterator[uuid.UUID]:
    """Some seventy, with and without errors, most of them indexed; gives the id of a batch of some of them."""
    dice = random.Random(4)
    urls = [f"https://{dice.choice(HOSTS)}/export/{n % 13}?page={n}" for n in range(50)]
    ids = [change.id for change in lifecycle.submit([Draft(url=url) for url in urls]).changes]
    for scan_id in dice.sample(ids, 15):
        settle(a_claim(scan_id), UNAVAILABLE)
    while index_texts(9):
        pass
    for scan_id in dice.sample(ids, 15):
        lifecycle.cancel(scan_id)
    batch = lifecycle.submit([Draft(url=url.replace("export", "late")) for url in urls[:20]], batch_name="late")
    index_texts(9)
    assert batch.batch_id is not None
    yield batch.batch_id


def matching(which: Filter) -> list[uuid.UUID]:
    """The slow and simple way."""
    db.session.rollback()
    term = lowered(which.text.strip().replace("\0", ""))
    found = db.session.scalars(select(Scan).where(*which.listed).order_by(Scan.id.desc()))
    return [scan.id for scan in found if term in lowered(scan.url) or term in lowered(scan.error or "")]


@pytest.mark.usefixtures("either_way")
def test_a_search_finds_what_a_look_at_every_scan_finds(scans: uuid.UUID) -> None:
    for term in TERMS:
        for which in (
            Filter(text=term),
            Filter(text=term, state=State.CANCELED),
            Filter(text=term, batch_id=scans),
            Filter(text=term, batch_id=scans, state=State.QUEUED),
        ):
            assert [m.id for m in search.search(which, limit=1000).matches] == matching(which), which


@pytest.mark.usefixtures("either_way")
def test_a_search_without_time_goes_on_where_it_stopped_until_all_is_found(
    scans: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SEARCH_SECONDS", 0.0)
    for which in (Filter(text="shop"), Filter(text="nowhere at all"), Filter(text="503", state=State.WAITING)):
        found: list[uuid.UUID] = []
        cursor: str | None = None
        pages = 0
        while pages == 0 or cursor:
            page = queries.list_scans(which, limit=4, cursor=cursor)
            found += [scan.id for scan in page.scans]
            cursor, pages = page.older, pages + 1

        assert found == matching(which)
        assert pages > 1


def test_a_new_scan_and_a_new_error_are_found_before_and_after_they_are_indexed(
    either_app: Flask, small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_SHORT_LIST", 0)
    scan_id = a_scan("https://one.example/needle", initial_interval=0)
    for _ in range(8):
        a_scan()

    def found(term: str) -> bool:
        db.session.rollback()
        return [m.id for m in search.search(Filter(text=term), limit=10).matches] == [scan_id]

    assert found("needle")
    index_texts(100)
    assert found("needle") and not found("503")
    settle(a_claim(scan_id), UNAVAILABLE)
    assert found("503")
    index_texts(100)
    assert found("503") and found("needle")
    lifecycle.cancel(scan_id)
    index_texts(100)
    assert found("canceled") and not found("503")


def test_a_purged_scan_leaves_nothing_in_the_index(either_app: Flask) -> None:
    indexed, unindexed = a_scan(), a_scan()
    index_texts(1)
    for scan_id in (indexed, unindexed):
        lifecycle.cancel(scan_id)
    lifecycle.purge(10, keep_seconds=0)
    while index_texts(10):
        pass

    for table in (SearchText, SearchTodo, Scan):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0
    assert search.search(Filter(text="example"), limit=10) == search.Found([], None)
    if db.engine.dialect.name == "sqlite":
        assert db.session.scalar(text("SELECT count(*) FROM search_fts WHERE search_fts MATCH '\"exa\"'")) == 0


def test_segments_follow_the_order_of_ids_even_for_scans_that_come_late(
    either_app: Flask, small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [a_scan(f"https://target.example/{n}") for n in range(40)]
    with transaction() as connection:
        connection.execute(text("UPDATE search_todo SET id = 1000 - id"))
        connection.execute(text("UPDATE search_todo SET id = 2000 - id WHERE id < 975"))
    while index_texts(3):
        pass

    first_ids = db.session.scalars(select(SearchSegment.first_id).order_by(SearchSegment.number)).all()
    assert first_ids == sorted(first_ids) and len(first_ids) > 2
    monkeypatch.setattr(search, "_SHORT_LIST", 0)
    assert [m.id for m in search.search(Filter(text="target"), limit=100).matches] == ids[::-1]


def test_two_that_index_at_once_index_each_text_once(either_app: Flask) -> None:
    ids = {a_scan() for _ in range(30)}

    first, second = at_once(either_app, lambda: index_texts(15), lambda: index_texts(15))

    assert first + second == 30
    assert set(db.session.scalars(select(SearchText.scan_id))) == ids


def test_one_long_text_is_a_step_of_its_own(either_app: Flask) -> None:
    for _ in range(3):
        a_scan("https://target.example/" + "x" * 15_000)

    assert [index_texts(100) for _ in range(4)] == [1, 1, 1, 0]
