"""Where to go on after a sign-in: a place on this site, whatever an address says."""

from typing import Final
from urllib.parse import urlsplit

from flask import url_for

_MAX_LENGTH: Final = 2000


def safe_way_back(asked: str | None) -> str:
    """What was asked for if it can only be a path of ours, else the list."""
    return asked if asked and _is_our_path(asked) else url_for("pages.home.index")


def _is_our_path(text: str) -> bool:
    """Browsers read //host and /\\host as another site, and drop tabs and line ends before they look."""
    is_plain = text.isprintable() and "\\" not in text and len(text) <= _MAX_LENGTH
    if not is_plain or not text.startswith("/") or text.startswith("//"):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and not parts.path.startswith("//")
