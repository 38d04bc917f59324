"""What is sealed tells nothing, opens for its owner alone, and survives a change of keys."""

import dataclasses
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from tests.conftest import HEADER_KEY, running_app
from tests.factories import GOOD, a_claim, a_scan, settle
from webapp.database import db, transaction
from webapp.local_keys import is_fernet_key, make_fernet_key
from webapp.scans import lifecycle, queries
from webapp.scans.draft import Draft
from webapp.scans.errors import InvalidField
from webapp.scans.models import Scan
from webapp.scans.sealing import SealBroken, Sealer, Secrets
from webapp.settings import Settings

OWNER = uuid.UUID(int=7)
CANARY = "canary-5e5f0a"


def a_sealer(*keys: str) -> Sealer:
    return Sealer(keys or (HEADER_KEY,), forgets_at_end=False)


@given(st.dictionaries(st.text(), st.text()), st.none() | st.binary())
def test_what_was_sealed_comes_back(headers: dict[str, str], body: bytes | None) -> None:
    sealer, secrets = a_sealer(), Secrets(headers, body)

    assert sealer.open(OWNER, sealer.seal(OWNER, secrets)) == secrets


def test_the_seal_tells_neither_names_nor_values() -> None:
    sealed = a_sealer().seal(OWNER, Secrets({"X-Very-Special": CANARY}, CANARY.encode()))

    assert sealed is not None
    assert CANARY.encode() not in sealed and b"Special" not in sealed


def test_a_seal_that_was_copied_to_another_scan_does_not_open() -> None:
    sealed = a_sealer().seal(OWNER, Secrets({"X": CANARY}))

    with pytest.raises(SealBroken):
        a_sealer().open(uuid.UUID(int=8), sealed)


@pytest.mark.parametrize("keys", [(), (make_fernet_key(),)])
def test_without_its_key_nothing_opens(keys: tuple[str, ...]) -> None:
    sealed = a_sealer().seal(OWNER, Secrets({"X": CANARY}))

    with pytest.raises(SealBroken):
        Sealer(keys, forgets_at_end=False).open(OWNER, sealed)


def test_without_a_key_nothing_is_taken() -> None:
    with pytest.raises(InvalidField, match="headers"):
        Sealer((), forgets_at_end=False).seal(OWNER, Secrets({"X": CANARY}))
    with pytest.raises(InvalidField, match="body"):
        Sealer((), forgets_at_end=False).seal(OWNER, Secrets(body=b"x"))
    assert Sealer((), forgets_at_end=False).seal(OWNER, Secrets()) is None


def test_neither_secrets_nor_settings_show_themselves(settings: Settings) -> None:
    assert CANARY not in repr(Secrets({"X": CANARY}))
    assert HEADER_KEY not in repr(settings) and settings.secret_key not in repr(settings)


@pytest.mark.parametrize("text", ["", "short", HEADER_KEY[:-1], HEADER_KEY + "A===", "!" * 44])
def test_what_is_no_key_is_known(text: str) -> None:
    assert not is_fernet_key(text)
    assert is_fernet_key(make_fernet_key())


def sealed_of(scan_id: uuid.UUID) -> bytes | None:
    with db.engine.connect() as connection:
        return connection.scalar(select(Scan.sealed).where(Scan.id == scan_id))


class TestStored:
    @pytest.fixture(autouse=True)
    def in_app(self, either_app: Flask) -> None: ...

    def test_the_claim_brings_the_headers_and_the_row_does_not(self) -> None:
        scan_id = a_scan(headers={"X-Token": CANARY})

        assert CANARY.encode() not in (sealed_of(scan_id) or b"")
        assert a_claim(scan_id).request.headers == {"X-Token": CANARY}

    def test_a_scan_without_secrets_has_nothing_sealed(self) -> None:
        assert sealed_of(a_scan()) is None

    def test_a_seal_that_cannot_be_opened_is_told_with_the_claim(self) -> None:
        scan_id, other = a_scan(headers={"X-Token": CANARY}), a_scan(headers={"X-Token": "another"})
        with transaction() as connection:
            connection.execute(update(Scan).where(Scan.id == scan_id).values(sealed=sealed_of(other)))

        claim = a_claim(scan_id)

        assert claim.fault is not None and "HEADER_KEYS" in claim.fault
        assert claim.request.headers == {}
        with pytest.raises(SealBroken):
            queries.get_secrets(scan_id)


@pytest.fixture
def forgetful_app(settings: Settings) -> Iterator[Flask]:
    yield from running_app(dataclasses.replace(settings, forget_secrets=True))


def test_secrets_are_forgotten_with_every_end_if_asked(forgetful_app: Flask) -> None:
    ended = [a_scan(headers={"X-Token": CANARY}, deadline=1, max_attempts=1) for _ in range(4)]
    settle(a_claim(ended[0]), GOOD)
    lifecycle.cancel(ended[1])
    a_claim(ended[2], lease_seconds=-1)
    lifecycle.rescue(10, max_crashes=1, patience=5, lease_seconds=10)
    with transaction() as connection:
        connection.execute(update(Scan).where(Scan.id == ended[3]).values(deadline_at=Scan.created_at))
    lifecycle.expire(10)

    assert [queries.get_scan(scan_id).state.is_terminal for scan_id in ended] == [True] * 4
    assert [sealed_of(scan_id) for scan_id in ended] == [None] * 4


def test_secrets_stay_with_their_scan_otherwise(app: Flask) -> None:
    scan_id = a_scan(headers={"X-Token": CANARY})
    settle(a_claim(scan_id), GOOD)

    assert queries.get_secrets(scan_id).headers == {"X-Token": CANARY}


def test_keys_are_rotated_in_steps(settings: Settings) -> None:
    new = make_fernet_key()
    for _ in running_app(settings):
        scans = [a_scan(headers={"X-Token": f"{CANARY}{number}"}) for number in range(5)]
    for _ in running_app(dataclasses.replace(settings, header_keys=(new, HEADER_KEY))):
        steps = [first := lifecycle.reseal(None, 3), second := lifecycle.reseal(first.last, 3)]
        assert [step.renewed for step in steps] == [3, 2]
        assert lifecycle.reseal(second.last, 3).last is None
    for _ in running_app(dataclasses.replace(settings, header_keys=(new,))):
        assert queries.get_secrets(scans[4]).headers == {"X-Token": f"{CANARY}4"}


def test_a_key_that_is_missing_is_counted_and_nothing_is_lost(settings: Settings) -> None:
    for _ in running_app(settings):
        scan_id = a_scan(headers={"X-Token": CANARY})
    for _ in running_app(dataclasses.replace(settings, header_keys=(make_fernet_key(),))):
        assert lifecycle.reseal(None, 10)[:2] == (0, 1)
    for _ in running_app(settings):
        assert queries.get_secrets(scan_id).headers == {"X-Token": CANARY}


def test_a_draft_tells_its_secrets() -> None:
    draft = Draft(url="https://target.example/", headers={"X": CANARY}, body=b"b")

    assert draft.secrets == Secrets({"X": CANARY}, b"b")
