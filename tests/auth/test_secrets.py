"""Tokens, passwords and the audit's lines: what they look like, and what is refused."""

import logging
import re

import pytest

from tests.sign_in import PASSWORD, PASSWORD_HASH
from webapp.auth import passwords
from webapp.auth.audit import note
from webapp.auth.errors import Busy, WeakPassword
from webapp.auth.secret import beginning, is_token, new_token


def test_a_token_has_a_prefix_256_random_bits_and_check_letters() -> None:
    made = {new_token() for _ in range(200)}

    assert len(made) == 200
    for token in made:
        assert re.fullmatch(r"tilldone_[0-9A-Za-z]{49}", token) and is_token(token)
        assert beginning(token) == token[:13]


@pytest.mark.parametrize("place", [9, 30, 51, 52, 57])
def test_a_token_with_a_letter_changed_is_told_without_the_database(place: int) -> None:
    token = new_token()
    other = "0" if token[place] != "0" else "1"

    assert not is_token(token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize("text", ["", "tilldone_", "x" * 58, "tilldone_" + "é" * 49, "tilldone_" + "0" * 49, "\0" * 58])
def test_what_cannot_be_a_token_is_none(text: str) -> None:
    assert not is_token(text)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevenchars",
        "qwerty123456",
        "Qwerty123456",
        "aaaaaaaaaaaaaa",
        "abababababab",
        "adaadaadaada",
        "x" * 257,
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword, match=r"\w+ .*\."):
        passwords.check(password, name="ada")


@pytest.mark.parametrize("password", ["twelve chars", PASSWORD, "  spaces count  ", "пароль из слов", "x1yz" * 64])
def test_any_other_long_password_is_fine(password: str) -> None:
    passwords.check(password, name="ada")


def test_a_password_matches_its_own_hash_and_nobody_has_none() -> None:
    assert passwords.matches(PASSWORD, PASSWORD_HASH)
    assert not passwords.matches(PASSWORD + " ", PASSWORD_HASH)
    assert not passwords.matches(PASSWORD, None)
    assert not passwords.matches("x" * 5000, PASSWORD_HASH)


def test_to_refuse_an_unknown_name_costs_what_a_wrong_password_costs() -> None:
    def cost(text: str) -> str:
        return text.rsplit("$", 2)[0]

    assert cost(passwords._NOBODYS) == cost(PASSWORD_HASH) == "$argon2id$v=19$m=65536,t=3,p=4"


def test_no_more_passwords_are_looked_at_than_the_memory_bears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE_SECONDS", 0.01)

    with passwords._place(), passwords._place(), pytest.raises(Busy, match="Try again"):
        passwords.matches(PASSWORD, PASSWORD_HASH)


def test_what_a_stranger_types_forges_neither_a_line_nor_a_fact_of_the_audit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "tilldone.audit")

    note("sign-in refused", name="ada\n2026 INFO signed in user=root", address="10.0.0.7")

    (line,) = caplog.messages
    assert line == r"sign-in refused name='ada\n2026 INFO signed in user=root' address=10.0.0.7"
