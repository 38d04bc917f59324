"""Refuses what another site makes a visitor's browser ask for or send, whatever cookies it carries."""

from urllib.parse import urlsplit

from flask import Flask, abort, request

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FOREIGN_SITES = frozenset({"cross-site", "same-site"})


def init_app(app: Flask) -> None:
    app.before_request(refuse_foreign_origins)


def refuse_foreign_origins() -> None:
    """A link from elsewhere may be followed; nothing else of ours is for other sites, be it to read or to change.

    Programs send none of these headers and pass; a browser sends at least one of them, and no page can forge it.
    """
    if _is_foreign() and not _is_followed_link():
        abort(403, "This came from another site, so nothing was done. Open this site itself and try again there.")


def _is_foreign() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _FOREIGN_SITES
    origin = request.headers.get("Origin")
    # Only the host is compared: behind a router that ends TLS the scheme that we see is not the browser's.
    return origin is not None and urlsplit(origin).netloc != request.host


def _is_followed_link() -> bool:
    """Into the whole window: what a frame or an object would show is inside of somebody else's page."""
    is_navigation = request.headers.get("Sec-Fetch-Mode") == "navigate"
    return is_navigation and request.method in _SAFE_METHODS and request.headers.get("Sec-Fetch-Dest") == "document"
