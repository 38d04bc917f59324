"""Refuses requests for names that are not ours: a name that is made to point here is how a foreign page reaches in."""

import ipaddress
from typing import Final

from flask import Flask, abort, current_app, request

from webapp.exposure import is_loopback
from webapp.settings import Settings

#: Platforms ask for them by an address of their own.
HEALTH: Final = frozenset({"health.live", "health.ready"})


def init_app(app: Flask) -> None:
    app.before_request(refuse_unknown_names)


def refuse_unknown_names() -> None:
    settings: Settings = current_app.extensions["tilldone.settings"]
    if request.endpoint not in HEALTH and not is_trusted(hostname(request.host), settings):
        abort(400, "This server does not know that name. Whoever runs it can add it to TRUSTED_HOSTS.")


def is_trusted(name: str, settings: Settings) -> bool:
    """A name that was listed; where none was, what cannot be somebody else's: this machine, and bare addresses."""
    if settings.trusted_hosts:
        return any(_matches(name, pattern) for pattern in (*settings.trusted_hosts, *_own(settings)))
    return is_loopback(name) or (not is_loopback(settings.host) and _is_address(name))


def _own(settings: Settings) -> tuple[str, ...]:
    return ("localhost", "127.0.0.1", "::1") if is_loopback(settings.host) else ()


def hostname(host: str) -> str:
    """Without the port, and without the brackets of an IPv6 address."""
    name, colon, port = host.rpartition(":")
    is_port = bool(colon) and port.isdecimal() and ("]" in name or ":" not in name)
    return (name if is_port else host).strip("[]").casefold()


def _matches(name: str, pattern: str) -> bool:
    return name.endswith(pattern) or name == pattern[1:] if pattern.startswith(".") else name == pattern.strip("[]")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
