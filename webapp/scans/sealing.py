"""Seals what a request must keep secret, its headers and its body, so that a stolen database tells neither."""

import json
import struct
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import Flask, current_app

from webapp.scans.errors import InvalidField

_EXTENSION: Final = "tilldone.sealer"
#: Whose secrets they are, and how many bytes of header JSON come before the body; 0 headers and no body: see _NO_BODY.
_HEAD: Final = struct.Struct(">16sIB")
_NO_BODY: Final = 0
_BODY: Final = 1


class SealBroken(Exception):
    """What was sealed cannot be opened: its key is gone, or it was sealed for somebody else."""

    def __init__(self) -> None:
        super().__init__("Its headers and body cannot be opened: HEADER_KEYS no longer holds the key that sealed them.")


@dataclass(frozen=True, slots=True)
class Secrets:
    """The part of a request that only its target may see. Never log it, never send it anywhere else."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def __bool__(self) -> bool:
        return bool(self.headers) or self.body is not None

    def __repr__(self) -> str:
        return f"<Secrets: {len(self.headers)} headers>"


class Sealer:
    """Fernet with any of the keys, the first of which seals. The owner's id is sealed in, and compared when opened:
    Fernet itself would open a text that somebody copied to another row."""

    def __init__(self, keys: Sequence[str], *, forgets_at_end: bool) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None
        self._forgets_at_end = forgets_at_end

    def seal(self, owner: uuid.UUID, secrets: Secrets) -> bytes | None:
        """None of nothing; raises InvalidField when there is no key: they are never stored in the clear."""
        if not secrets:
            return None
        if self._fernet is None:
            what = "headers" if secrets.headers else "body"
            cure = "Whoever runs this server sets HEADER_KEYS; `tilldone key` makes one."
            raise InvalidField(what, "cannot be stored: this server has no key to seal them with", cure)
        headers = json.dumps(dict(secrets.headers), separators=(",", ":")).encode()
        has_body = _NO_BODY if secrets.body is None else _BODY
        return self._fernet.encrypt(_HEAD.pack(owner.bytes, len(headers), has_body) + headers + (secrets.body or b""))

    def open(self, owner: uuid.UUID, sealed: bytes | None) -> Secrets:
        """Raises SealBroken."""
        if sealed is None:
            return Secrets()
        try:
            plain = self._need_keys().decrypt(sealed)
        except InvalidToken:
            raise SealBroken from None
        owner_bytes, length, has_body = _HEAD.unpack_from(plain)
        if owner_bytes != owner.bytes:
            raise SealBroken
        rest = memoryview(plain)[_HEAD.size :]
        body = bytes(rest[length:]) if has_body == _BODY else None
        return Secrets(json.loads(bytes(rest[:length])), body)

    def renew(self, sealed: bytes) -> bytes:
        """The same under the newest key; raises SealBroken."""
        try:
            return self._need_keys().rotate(sealed)
        except InvalidToken:
            raise SealBroken from None

    def at_end(self) -> dict[str, Any]:
        """What a scan's last write sets besides: its secrets are forgotten, if that was asked for."""
        return {"sealed": None} if self._forgets_at_end else {}

    def _need_keys(self) -> MultiFernet:
        if self._fernet is None:
            raise SealBroken
        return self._fernet


def init_app(app: Flask, keys: Sequence[str], *, forgets_at_end: bool) -> None:
    app.extensions[_EXTENSION] = Sealer(keys, forgets_at_end=forgets_at_end)


def sealer() -> Sealer:
    """That of the current app."""
    found: Sealer = current_app.extensions[_EXTENSION]
    return found
