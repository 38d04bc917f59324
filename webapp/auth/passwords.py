"""Passwords: which are good enough, and the only code that hashes and compares them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from webapp.auth.errors import Busy, WeakPassword

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 256
#: Each takes 64 MiB for a fifth of a second: many at a time would fill the memory of a small machine.
MAX_AT_A_TIME: Final = 2
_PATIENCE_SECONDS: Final = 5.0
_COMMON: Final = Path(__file__).with_name("common_passwords.txt")
#: Of a random text that nobody knows, so that an unknown name takes as long to refuse as a wrong password.
_NOBODYS: Final = "$argon2id$v=19$m=65536,t=3,p=4$kFNMJ9K9IWpf6B13BBDf2A$ohh4gOPAhbGJiCiLUO80lnnEeuu0hfFq3AmHzMFl/lg"

_hashing: Final = PasswordHash((Argon2Hasher(),))
_places: Final = threading.BoundedSemaphore(MAX_AT_A_TIME)


def check(password: str, *, name: str) -> None:
    """Raises WeakPassword for what is guessed first; there are no rules about digits and signs."""
    if len(password) < MIN_LENGTH:
        raise WeakPassword(f"The password needs {MIN_LENGTH} characters or more. Some words in a row are fine.")
    if len(password) > MAX_LENGTH:
        raise WeakPassword(f"The password has more than {MAX_LENGTH} characters. Take a shorter one.")
    known = password.casefold()
    if known in _common() or known in name.casefold() * 8 or len(set(known)) < 4:
        raise WeakPassword("This password is one of those that are tried first. Take another one.")


def hash_password(password: str) -> str:
    """Raises Busy."""
    with _place():
        return _hashing.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """False, after the same time, when there is no hash to compare with. Raises Busy."""
    if len(password) > MAX_LENGTH:
        return False
    with _place():
        is_right = _hashing.verify(password, password_hash or _NOBODYS)
    return is_right and password_hash is not None


def is_hash(text: str) -> bool:
    return Argon2Hasher.identify(text)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=_PATIENCE_SECONDS):
        raise Busy("Too many people are signing in at this moment. Try again in some seconds.")
    try:
        yield
    finally:
        _places.release()


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text(encoding="ascii").split())
