"""What an exchange says of its host, and that a place is given back once."""

import dataclasses
import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask

from tasks import host_place
from tasks.failures import FetchFailed
from tasks.host_gate import Sign, get_gate
from tasks.host_lines import HostLines
from tasks.host_place import HostNotAsked, NoPlace, Place, ask_for_place
from tasks.host_signs import pause_of, sign_of
from tests.conftest import running_app, settings_for
from tests.factories import GOOD, HOPELESS, RESET, URL, a_scan, row
from webapp.live.redis_client import get_redis
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.scans.exchange import Exchange, Failure
from webapp.scans.states import ErrorCode, HoldReason, Outcome

HOST = "target.example"


def answer(status: int, **more: object) -> Exchange:
    return dataclasses.replace(Exchange(URL, status), **more)  # type: ignore[arg-type]


def failed(code: ErrorCode, outcome: Outcome = Outcome.NETWORK_ERROR, *, is_permanent: bool = False) -> Exchange:
    return Exchange(URL, failure=Failure(outcome, code, "", is_permanent))


@pytest.mark.parametrize(
    ("exchange", "sign"),
    [
        (GOOD, Sign.WELL),
        (answer(200, json={"success": False}), Sign.WELL),
        (answer(404), Sign.WELL),
        (answer(429), Sign.WELL),
        (answer(500), Sign.WELL),
        (answer(503), Sign.WELL),
        (answer(502), Sign.ILL),
        (answer(504), Sign.ILL),
        (RESET, Sign.ILL),
        (failed(ErrorCode.CONNECTION_REFUSED), Sign.ILL),
        (failed(ErrorCode.DNS_LOOKUP_FAILED), Sign.ILL),
        (failed(ErrorCode.TIMEOUT, Outcome.TIMED_OUT), Sign.ILL),
        (failed(ErrorCode.BAD_RESPONSE), Sign.ILL),
        (HOPELESS, Sign.UNKNOWN),
        (failed(ErrorCode.UNKNOWN), Sign.UNKNOWN),
        (failed(ErrorCode.UNKNOWN, Outcome.CANCELED), Sign.UNKNOWN),
        (failed(ErrorCode.REFUSED_BY_POLICY, Outcome.REFUSED, is_permanent=True), Sign.UNKNOWN),
        (failed(ErrorCode.BAD_RESPONSE, is_permanent=True), Sign.UNKNOWN),
        (answer(502, url="https://other.example/", redirects=(URL,)), Sign.WELL),
        (answer(502, url=f"{URL}/moved", redirects=(URL,)), Sign.ILL),
    ],
)
def test_an_exchange_speaks_well_or_ill_of_its_host(exchange: Exchange, sign: Sign) -> None:
    assert sign_of(exchange, HOST) is sign


LATER = (("Retry-After", "30"),)


@pytest.mark.parametrize(
    ("exchange", "seconds"),
    [
        (answer(429, headers=LATER), 30),
        (answer(503, headers=LATER), 30),
        (answer(503), 0),
        (answer(503, headers=(("Retry-After", "soon"),)), 0),
        (answer(500, headers=LATER), 0),
        (answer(200, headers=LATER), 0),
        (answer(429, headers=LATER, url="https://other.example/", redirects=(URL,)), 0),
    ],
)
def test_a_host_asks_for_a_pause_by_429_or_503_and_a_header(exchange: Exchange, seconds: float) -> None:
    assert pause_of(exchange, HOST) == seconds


@pytest.fixture
def polite(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[Flask]:
    limits = {"host_concurrency": 1, "host_pause_cap": 3600.0, "host_breaker_failures": 2}
    settings = dataclasses.replace(settings_for(tmp_path, database_url, redis_url), **limits)  # type: ignore[arg-type]
    for app in running_app(settings):
        yield app
        get_redis(app).flushall()


def placed(found: Place | Change | None) -> Place:
    assert isinstance(found, Place), found
    return found


def held(found: Place | Change | None) -> Change:
    assert isinstance(found, Change), found
    return found


def test_where_nothing_is_limited_nothing_is_asked(app: Flask) -> None:
    assert isinstance(ask_for_place(a_scan(), 1), NoPlace)


def test_there_is_no_place_for_an_attempt_that_is_not_there(polite: Flask) -> None:
    assert ask_for_place(a_scan(), 2) is None


def test_a_place_is_given_back_once(polite: Flask) -> None:
    first = placed(ask_for_place(a_scan(), 1))
    first.leave(GOOD)
    placed(ask_for_place(a_scan(), 1))

    first.leave_untold()
    first.renew()

    held(ask_for_place(a_scan(), 1))


def busy_onward(place: Place, url: str) -> str:
    """Why there is no place at another host."""
    with pytest.raises(HostNotAsked) as refused:
        place.go_on_to(url, check=lambda: None)
    return str(refused.value)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_place, "_PATIENCE_SECONDS", 0.15)


ELSEWHERE = "https://elsewhere.example/export"


@pytest.mark.usefixtures("impatient")
def test_who_is_led_to_another_host_takes_a_place_there_and_gives_it_back_with_the_first(polite: Flask) -> None:
    place = placed(ask_for_place(a_scan(), 1))
    place.go_on_to(f"{URL}?again", check=lambda: None)
    place.go_on_to(ELSEWHERE, check=lambda: None)
    place.go_on_to("https://ELSEWHERE.example/second", check=lambda: None)
    other = placed(ask_for_place(a_scan("https://other.example/"), 1))
    with pytest.raises(HostNotAsked, match="as often as the limits allow"):
        # The heartbeat renews whenever it likes.
        other.go_on_to(ELSEWHERE, check=other.renew)
    slots = get_redis(polite).zrange("tilldone:host:{elsewhere.example}:slots", 0, -1)
    assert len(slots) == 1
    assert busy_onward(other, ELSEWHERE) == "Scans ask elsewhere.example as often as the limits allow."
    held(ask_for_place(a_scan(ELSEWHERE), 1))

    place.leave(GOOD)

    get_redis(polite).delete("tilldone:host:{elsewhere.example}")
    placed(ask_for_place(a_scan(ELSEWHERE), 1))
    placed(ask_for_place(a_scan(), 1))


def test_who_waits_for_a_place_elsewhere_is_asked_meanwhile_whether_it_still_wants_it(polite: Flask) -> None:
    holder = placed(ask_for_place(a_scan(ELSEWHERE), 1))
    place = placed(ask_for_place(a_scan(), 1))
    looks = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 2:
            holder.leave(GOOD)

    place.go_on_to(ELSEWHERE, check=look)
    assert len(looks) == 2
    held(ask_for_place(a_scan(ELSEWHERE), 1))

    def give_up() -> None:
        raise FetchFailed(Failure(Outcome.CANCELED, ErrorCode.UNKNOWN, ""))

    other = placed(ask_for_place(a_scan("https://other.example/"), 1))
    with pytest.raises(FetchFailed):
        other.go_on_to(ELSEWHERE, check=give_up)


def test_the_host_at_the_end_of_redirects_speaks_for_itself(polite: Flask) -> None:
    for _ in range(2):
        place = placed(ask_for_place(a_scan(), 1))
        place.go_on_to(ELSEWHERE, check=lambda: None)
        place.leave(answer(503, headers=LATER, url=ELSEWHERE, redirects=(ELSEWHERE,)))
        get_redis(polite).hdel("tilldone:host:{elsewhere.example}", "paused_until")
    for _ in range(2):
        place = placed(ask_for_place(a_scan(), 1))
        place.go_on_to(ELSEWHERE, check=lambda: None)
        place.leave(answer(502, url=ELSEWHERE, redirects=(ELSEWHERE,)))

    last = placed(ask_for_place(a_scan(), 1))
    assert busy_onward(last, ELSEWHERE) == (
        "elsewhere.example failed too often in a row, and is left alone for another 5m."
    )


def test_without_redis_nobody_is_led_elsewhere(polite: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    place = placed(ask_for_place(a_scan(), 1))

    def away(*_: object, **__: object) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(get_gate(), "enter", away)

    assert "Redis is away" in busy_onward(place, ELSEWHERE)


def test_places_elsewhere_are_renewed_with_the_first(polite: Flask) -> None:
    place = placed(ask_for_place(a_scan(), 1))
    place.go_on_to(ELSEWHERE, check=lambda: None)
    slots = "tilldone:host:{elsewhere.example}:slots"
    [(name, until)] = get_redis(polite).zrange(slots, 0, -1, withscores=True)

    place.renew()

    assert get_redis(polite).zscore(slots, name) > until


def test_where_nothing_is_limited_anybody_may_be_led_anywhere(app: Flask) -> None:
    placed(ask_for_place(a_scan(), 1)).go_on_to(ELSEWHERE, check=lambda: None)


def test_the_scheduler_wakes_the_line_when_the_place_is_free(polite: Flask) -> None:
    place = placed(ask_for_place(a_scan(), 1))
    waiting = [a_scan(), a_scan()]
    for scan_id in waiting:
        held(ask_for_place(scan_id, 1))
    lines = HostLines(get_gate(), limit=10)
    assert lines.step() == 0

    place.leave(GOOD)

    assert [lines.step(), lines.step()] == [1, 0]
    assert [row(scan_id).sent_at is not None for scan_id in waiting] == [True, False]
    placed(ask_for_place(waiting[0], 1))


def test_who_stood_in_line_before_a_pause_is_told_of_it_and_of_its_end(polite: Flask) -> None:
    place = placed(ask_for_place(a_scan(), 1))
    waiting = a_scan()
    held(ask_for_place(waiting, 1))
    lines = HostLines(get_gate(), limit=10)

    place.leave(dataclasses.replace(answer(503), headers=LATER))
    lines.step()
    until = row(waiting).held_until
    assert until is not None and 25 < (until - dt.datetime.now(dt.UTC)).total_seconds() < 31
    assert row(waiting).held_why is HoldReason.ASKED
    lines.step()
    assert row(waiting).held_until == until

    get_redis(polite).flushall()
    lines.step()
    assert row(waiting).held_until is None and row(waiting).held_why is None


def test_two_schedulers_at_once_wake_no_more_than_may_start(polite: Flask) -> None:
    for _ in range(4):
        lifecycle.hold(a_scan(), 1, shut=None)
    ready = threading.Barrier(2)
    woken: list[int] = []

    def look() -> None:
        with polite.app_context():
            lines = HostLines(get_gate(), limit=10)
            ready.wait(10)
            woken.append(lines.step())

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(woken) == [0, 1]
