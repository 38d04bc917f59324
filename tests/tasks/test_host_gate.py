"""The limits of a host as Redis keeps them: every case at a time of the test's own."""

import dataclasses
import uuid
from collections.abc import Iterator
from typing import Any, Final

import pytest
import redis

from tasks.host_gate import LINE_SECONDS, OFFER_SECONDS, REDIS_CLOCK, Answer, HostGate, Scope, Sign, Standing
from webapp.scans.host_limits import HostLimits, Shut
from webapp.scans.lifecycle import Line
from webapp.scans.states import HoldReason
from webapp.settings import Settings

HOST: Final = "target.example"
NO_LIMITS: Final = HostLimits()
LEASE: Final = 9.0
GRACE: Final = 3.0
#: The scripts read the time from a key, in the place of the server's clock.
TEST_CLOCK: Final = "local now = tonumber(redis.call('GET', 'clock'))\n"


class Gate:
    """A gate whose time stands still until the test moves it on."""

    def __init__(self, client: redis.Redis, settings: Settings, **limits: Any) -> None:
        self._client = client
        chosen = {"host_concurrency": 0, "host_starts_per_second": 0.0, "host_breaker_failures": 0, **limits}
        settings = dataclasses.replace(settings, lease_seconds=LEASE, host_pause_cap=3600.0, **chosen)
        self.gate = HostGate(client, settings, clock=TEST_CLOCK)
        client.set("clock", 1000)

    def later(self, seconds: float) -> None:
        self._client.incrbyfloat("clock", seconds)

    def enter(self, who: Standing = Standing.NEW, *, of: Scope | None = None) -> str | Answer:
        """The place that was taken, or the answer."""
        place = uuid.uuid4().hex
        answer, _ = self.gate.enter(of or scope(), place, who)
        return place if answer is Answer.TAKEN else answer

    def leave(self, place: str | Answer, sign: Sign = Sign.WELL, *, of: Scope | None = None, pause: float = 0) -> float:
        assert not isinstance(place, Answer), "there was no place"
        return self.gate.leave(of or scope(), place, sign, pause=pause)

    def shut_seconds(self) -> float:
        shut = self.shut()
        return shut.seconds if shut else 0

    def shut(self) -> Shut | None:
        answer, shut = self.gate.enter(scope(), "asked", Standing.NEW)
        if answer is Answer.TAKEN:
            self.gate.leave(scope(), "asked", Sign.UNUSED, pause=0)
        return shut

    def fail(self, times: int) -> None:
        for _ in range(times):
            self.leave(self.enter(), Sign.ILL)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client
        client.flushall()


def scope(batch: uuid.UUID | None = None, own: HostLimits = NO_LIMITS) -> Scope:
    return Scope(HOST, batch, own)


def is_place(entered: str | Answer) -> bool:
    return not isinstance(entered, Answer)


def line(waiting: int, batch: uuid.UUID | None = None, own: HostLimits = NO_LIMITS) -> Line:
    return Line(HOST, batch, waiting, own)


def test_no_more_are_at_it_at_once_than_allowed(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_concurrency=2)
    first, _ = gate.enter(), gate.enter()

    assert gate.enter() is Answer.BUSY
    gate.leave(first)

    gate.later(LINE_SECONDS)
    assert is_place(gate.enter())


@pytest.mark.parametrize(("rate", "count", "window"), [(1.0, 1, 1.0), (3.0, 3, 1.0), (2.5, 2, 0.8), (0.2, 1, 5.0)])
def test_no_more_start_in_any_window_than_allowed(
    client: redis.Redis, settings: Settings, rate: float, count: int, window: float
) -> None:
    gate = Gate(client, settings, host_starts_per_second=rate)

    for _ in range(count):
        gate.leave(gate.enter(Standing.LINE))
    gate.later(window - 0.01)
    assert gate.enter(Standing.LINE) is Answer.BUSY

    gate.later(0.02)
    assert is_place(gate.enter(Standing.LINE))


def test_a_place_that_was_not_used_is_no_start(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_concurrency=1, host_starts_per_second=1)

    gate.leave(gate.enter(), Sign.UNUSED)

    assert is_place(gate.enter())


def test_a_place_whose_holder_is_gone_comes_back(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_concurrency=1)
    gate.enter()

    gate.later(LEASE + 0.1)
    assert gate.enter(Standing.LINE) is Answer.BUSY
    gate.later(GRACE + 0.1)

    assert is_place(gate.enter(Standing.LINE))


def test_a_place_that_could_not_be_renewed_while_redis_was_away_is_kept_by_its_next_renewal(
    client: redis.Redis, settings: Settings
) -> None:
    gate = Gate(client, settings, host_concurrency=1)
    place = gate.enter()

    gate.later(10 * LEASE)
    assert gate.enter() is Answer.BUSY
    gate.later(GRACE - 0.1)
    gate.gate.renew(scope(), str(place))
    gate.later(LEASE - 0.1)

    assert gate.enter() is Answer.BUSY


def test_who_comes_new_does_not_overtake_a_line(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_concurrency=1)
    place = gate.enter()
    assert gate.enter() is Answer.BUSY
    gate.leave(place)

    assert gate.enter() is Answer.LINE
    assert is_place(gate.enter(Standing.LINE))


def test_a_line_that_nobody_stood_in_for_a_while_is_none(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_concurrency=1)
    place = gate.enter()
    gate.enter()
    gate.leave(place)

    gate.later(LINE_SECONDS + 0.1)

    assert is_place(gate.enter())


def test_a_host_is_left_alone_for_as_long_as_it_asks(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings)

    assert gate.leave(gate.enter(), pause=30) == 30

    assert gate.shut_seconds() == 30
    assert gate.enter(Standing.WANTED) is Answer.SHUT
    gate.later(30)
    assert is_place(gate.enter())


def test_a_host_may_not_ask_for_ever_and_takes_nothing_back(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings)
    first, second = gate.enter(), gate.enter()

    assert gate.leave(first, pause=1e9) == 3600
    assert gate.leave(second, pause=1) == 3600


def test_the_breaker_opens_after_so_many_failures_in_a_row(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_breaker_failures=3)

    gate.fail(2)
    gate.leave(gate.enter(), Sign.WELL)
    gate.fail(2)
    gate.leave(gate.enter(), Sign.UNKNOWN)
    assert gate.shut_seconds() == 0
    gate.fail(1)

    assert gate.shut_seconds() == settings.host_breaker_seconds


def test_it_half_opens_for_one_probe_and_closes_when_that_goes_well(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_breaker_failures=3)
    gate.fail(3)

    gate.later(settings.host_breaker_seconds)
    probe = gate.enter()
    assert gate.enter(Standing.LINE) is Answer.BUSY
    gate.leave(probe)

    assert all(is_place(gate.enter(Standing.LINE)) for _ in range(3))


def test_a_probe_that_fails_opens_it_again_at_once(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_breaker_failures=3)
    gate.fail(3)
    gate.later(settings.host_breaker_seconds)

    assert gate.leave(gate.enter(), Sign.ILL) == settings.host_breaker_seconds


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_probe_that_tells_nothing_makes_room_for_another(
    client: redis.Redis, settings: Settings, is_lost: bool
) -> None:
    gate = Gate(client, settings, host_breaker_failures=3)
    gate.fail(3)
    gate.later(settings.host_breaker_seconds)
    probe = gate.enter()

    if is_lost:
        gate.later(LEASE + 0.1)
        assert gate.enter(Standing.LINE) is Answer.BUSY
        gate.later(GRACE + 0.1)
    else:
        gate.leave(probe, Sign.UNKNOWN)

    assert is_place(gate.enter(Standing.LINE))
    assert gate.enter(Standing.LINE) is Answer.BUSY


def test_what_was_under_way_when_it_opened_does_not_prolong_it(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_breaker_failures=3)
    late = gate.enter()
    gate.fail(3)
    gate.later(100)

    assert gate.leave(late, Sign.ILL) == settings.host_breaker_seconds - 100


def test_a_person_who_wants_it_now_sends_the_probe(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_breaker_failures=3)
    gate.fail(3)

    probe = gate.enter(Standing.PERSON)
    assert gate.enter(Standing.WANTED) is Answer.BUSY
    gate.leave(probe)

    assert gate.shut_seconds() == 0


def test_it_is_told_whether_a_host_asked_to_be_left_alone_or_failed(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_breaker_failures=1)
    breaker = settings.host_breaker_seconds
    assert gate.shut() is None
    late = [gate.enter() for _ in range(2)]

    gate.leave(late[0], pause=10)
    assert gate.shut() == Shut(10, HoldReason.ASKED)
    gate.leave(late[1], Sign.ILL)
    assert gate.shut() == Shut(breaker, HoldReason.BREAKER)

    # The breaker is no matter to a person, and the pause is.
    assert gate.gate.enter(scope(), "a", Standing.PERSON) == (Answer.SHUT, Shut(10, HoldReason.ASKED))
    gate.later(10)
    gate.leave(gate.enter(Standing.PERSON), Sign.UNKNOWN, pause=breaker)
    assert gate.shut() == Shut(breaker, HoldReason.ASKED)


def test_lines_are_served_in_turn_and_the_turn_is_remembered(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_concurrency=2)
    long, short = sorted((uuid.uuid4(), uuid.uuid4()), key=lambda batch: batch.hex)
    lines = [line(5), line(1000, long), line(2, short)]

    served = []
    for _ in range(4):
        served.append(list(gate.gate.offer(lines, most=100).counts))
        gate.later(OFFER_SECONDS)

    assert served == [[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 0]]


def test_what_is_offered_is_neither_offered_again_nor_taken_by_others(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_concurrency=1)

    assert gate.gate.offer([line(9)], most=100).counts == [1]
    assert gate.gate.offer([line(9)], most=100).counts == [0]
    gate.later(LINE_SECONDS + 0.1)
    assert gate.enter() is Answer.BUSY

    assert is_place(gate.enter(Standing.LINE))
    assert gate.gate.offer([line(9)], most=100).counts == [0]


def test_a_person_who_looks_again_and_again_takes_nothing_that_is_offered_to_a_line(
    client: redis.Redis, settings: Settings
) -> None:
    gate = Gate(client, settings, host_concurrency=3)
    held = gate.enter()
    assert gate.gate.offer([line(9)], most=100).counts == [2]

    persons = [gate.enter(Standing.PERSON) for _ in range(2)]
    assert all(map(is_place, persons)) and gate.enter(Standing.PERSON) is Answer.BUSY
    for place in (held, *persons):
        gate.leave(place)
    assert gate.gate.offer([line(9)], most=100).counts == [1]

    gate.later(LINE_SECONDS + 0.1)
    assert gate.enter() is Answer.BUSY


def test_who_is_led_here_by_a_redirect_neither_waits_behind_a_line_nor_makes_one_nor_takes_its_offers(
    client: redis.Redis, settings: Settings
) -> None:
    gate = Gate(client, settings, host_concurrency=1)
    assert gate.gate.offer([line(9)], most=100).counts == [1]

    place = gate.enter(Standing.ONWARD)
    assert is_place(place) and gate.enter(Standing.ONWARD) is Answer.BUSY
    gate.leave(place)
    gate.leave(gate.enter(Standing.LINE))

    gate.later(OFFER_SECONDS)
    place = gate.enter()
    assert gate.enter(Standing.ONWARD) is Answer.BUSY
    gate.leave(place)
    assert is_place(gate.enter())


def test_a_breaker_and_a_pause_keep_out_who_is_led_here_by_a_redirect(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_breaker_failures=1)
    gate.fail(1)
    assert gate.enter(Standing.ONWARD) is Answer.SHUT

    gate.later(settings.host_breaker_seconds)
    gate.leave(gate.enter(Standing.ONWARD), pause=30)

    assert gate.enter(Standing.ONWARD) is Answer.SHUT and gate.shut_seconds() == 30


def test_what_is_known_of_a_host_is_kept_for_as_long_as_it_matters(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_concurrency=9, host_starts_per_second=2.0, host_breaker_failures=2)

    def kept() -> dict[str, int]:
        keys = client.scan_iter("tilldone:host:*")
        return {key.decode().rpartition("}")[2]: client.ttl(key) for key in keys}

    gate.leave(gate.enter())
    assert kept() == {":starts": 61}

    gate.leave(gate.enter(), pause=300)
    assert kept()[""] == 360
    gate.later(300)
    gate.fail(1)
    assert kept()[""] == 3660
    gate.later(1)
    gate.fail(1)
    assert kept()[""] == settings.host_breaker_seconds + 3660


def test_an_offer_that_never_arrived_is_made_again(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_concurrency=1)
    gate.gate.offer([line(9)], most=100)

    gate.later(OFFER_SECONDS + 0.1)

    assert gate.gate.offer([line(9)], most=100).counts == [1]


def test_a_look_tells_when_the_next_is_worth_it(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_starts_per_second=1)
    gate.enter()
    gate.later(0.25)

    offer = gate.gate.offer([line(9)], most=100)

    assert offer.counts == [0] and offer.look_again_seconds == pytest.approx(0.75)


def test_nothing_is_offered_at_a_host_that_is_shut_and_one_probe_after_its_breaker(
    client: redis.Redis, settings: Settings
) -> None:
    gate = Gate(client, settings, host_breaker_failures=3)
    gate.fail(3)

    offer = gate.gate.offer([line(9)], most=100)
    assert offer.counts == [0] and offer.shut == Shut(settings.host_breaker_seconds, HoldReason.BREAKER)

    gate.later(settings.host_breaker_seconds)
    assert gate.gate.offer([line(9)], most=100).counts == [1]
    assert gate.gate.offer([line(9)], most=100).counts == [0]


def test_without_limits_all_of_a_line_may_go(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings)

    assert gate.gate.offer([line(9), line(300, uuid.uuid4())], most=100).counts == [9, 91]


def test_a_batch_keeps_its_own_limits_below_those_of_all(client: redis.Redis, settings: Settings) -> None:
    gate = Gate(client, settings, host_concurrency=3)
    batch, own = uuid.uuid4(), HostLimits(1, 0.5)
    modest = scope(batch, own)

    place = gate.enter(of=modest)
    assert gate.enter(Standing.LINE, of=modest) is Answer.BUSY
    assert is_place(gate.enter(Standing.LINE))
    gate.leave(place, of=modest)
    gate.later(1)
    assert gate.enter(Standing.LINE, of=modest) is Answer.BUSY
    assert gate.gate.offer([line(4), line(9, batch, own)], most=100).counts == [2, 0]

    gate.later(OFFER_SECONDS)
    assert gate.gate.offer([line(4), line(9, batch, own)], most=100).counts == [1, 1]


@pytest.mark.parametrize(
    "one", ["host_concurrency", "host_starts_per_second", "host_breaker_failures", "host_pause_cap"]
)
def test_it_is_off_when_there_is_nothing_to_keep(client: redis.Redis, settings: Settings, one: str) -> None:
    assert HostGate(client, settings, clock=TEST_CLOCK).is_off
    assert not HostGate(client, dataclasses.replace(settings, **{one: 1}), clock=TEST_CLOCK).is_off


def test_the_server_s_own_clock_is_asked(client: redis.Redis, settings: Settings) -> None:
    gate = HostGate(client, dataclasses.replace(settings, host_starts_per_second=0.01), clock=REDIS_CLOCK)

    assert gate.enter(scope(), "a", Standing.NEW) == (Answer.TAKEN, None)
    [(_, leaves)] = client.zrange(f"tilldone:host:{{{HOST}}}:starts", 0, -1, withscores=True)
    assert leaves == pytest.approx(client.time()[0] + 100, abs=5)
