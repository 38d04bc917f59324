"""Keys of this installation's own, kept beside its data so that they outlive a restart; for who sets none."""

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def local_key(path: Path, make: Callable[[], str]) -> str:
    """The key in that file, which is made for the first who asks. Raises OSError."""
    return _read(path) if path.exists() else _make(path, make())


def make_fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def is_fernet_key(text: str) -> bool:
    """As Fernet takes it; said without cryptography, which takes a tenth of a second to import."""
    try:
        return len(base64.b64decode(text, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


def _make(path: Path, key: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written whole before it has its name: who starts at the same moment must not read half of it.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    try:
        os.link(draft, path)
    except FileExistsError:
        return _read(path)
    finally:
        draft.unlink()
    return key
