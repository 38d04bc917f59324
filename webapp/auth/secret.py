"""The secrets that stand for a visitor: random, long, and kept by the server as fingerprints only."""

import hashlib
import secrets
import string
import zlib
from typing import Final

_TOKEN_PREFIX: Final = "tilldone_"
_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
#: Of 62 letters, so many hold 32 bytes, and 4.
_RANDOM_LENGTH: Final = 43
_CHECK_LENGTH: Final = 6
_SHOWN_LENGTH: Final = len(_TOKEN_PREFIX) + 4


def new_secret() -> str:
    """256 bits, fit for an address or a cookie."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What is stored: of 256 random bits a plain hash cannot be turned back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_token() -> str:
    """An API token: tools that look for leaked secrets know it by its prefix and its check letters."""
    body = _TOKEN_PREFIX + _base62(secrets.randbits(256), _RANDOM_LENGTH)
    return body + _check(body)


def is_token(text: str) -> bool:
    """Whether it can be one, told without asking the database."""
    body, check = text[:-_CHECK_LENGTH], text[-_CHECK_LENGTH:]
    is_long_enough = len(text) == len(_TOKEN_PREFIX) + _RANDOM_LENGTH + _CHECK_LENGTH
    return is_long_enough and text.isascii() and body.startswith(_TOKEN_PREFIX) and check == _check(body)


def beginning(token: str) -> str:
    """By which its owner knows it again."""
    return token[:_SHOWN_LENGTH]


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode("ascii")), _CHECK_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits
