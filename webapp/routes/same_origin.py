"""Refuses what another site makes a visitor's browser send: forms carry no token, so their origin must be ours."""

from urllib.parse import urlsplit

from flask import Flask, abort, request

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FOREIGN_SITES = frozenset({"cross-site", "same-site"})


def init_app(app: Flask) -> None:
    app.before_request(refuse_foreign_origins)


def refuse_foreign_origins() -> None:
    """Programs send neither header and pass; a browser sends at least one of them, and no page can forge it."""
    if request.method not in _SAFE_METHODS and _is_foreign():
        abort(403, "This came from another site, so nothing was done. Open this site itself and try again there.")


def _is_foreign() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _FOREIGN_SITES
    origin = request.headers.get("Origin")
    # Only the host is compared: behind a router that ends TLS the scheme that we see is not the browser's.
    return origin is not None and urlsplit(origin).netloc != request.host
