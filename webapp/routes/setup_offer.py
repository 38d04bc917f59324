"""Prints, where only whoever runs this server can read it, the link by which the first admin is made."""

import logging
import sys

from flask import Flask, current_app

from webapp.auth import coming_in
from webapp.exposure import is_loopback
from webapp.settings import Settings

log = logging.getLogger("tilldone.setup")


def offer_setup(*, is_start: bool) -> None:
    """Strangers who ask can have a line written once an hour, and learn nothing."""
    secret = coming_in.offer_setup(is_start=is_start)
    if secret is not None:
        site = _site(current_app.extensions["tilldone.settings"])
        # Not by a logger, whose lines have secrets taken out.
        text = f"Nobody can sign in yet. Make yourself the admin within an hour: {site}/setup?t={secret}"
        print(text, file=sys.stderr, flush=True)


def _site(settings: Settings) -> str:
    """Never the name that a request gave: a stranger could have the secret sent to himself."""
    named = next((name for name in settings.trusted_hosts if not name.startswith(".")), None)
    if named:
        return f"https://{named}"
    return f"http://{settings.host}:{settings.port}" if is_loopback(settings.host) else "(the address of this server)"


def offer_setup_at_start(app: Flask) -> None:
    """Once a start, unless there is another way in; if the database is not there yet the first request does it."""
    settings: Settings = app.extensions["tilldone.settings"]
    if settings.login_links or settings.admin_password_hash:
        return
    try:
        with app.app_context():
            if not coming_in.is_set_up(settings):
                offer_setup(is_start=True)
    except Exception as error:
        log.debug("cannot see yet whether there is an admin error=%s", type(error).__name__)
