"""Ask a target as this installation allows it: guarded, and with what was sent masked where the answer echoes it."""

from flask import current_app

from tasks.cancellation import Cancellation
from tasks.fetch import fetch
from tasks.guard import Guard
from webapp.scans.exchange import Exchange, Request, Timeouts
from webapp.scans.masking import mask
from webapp.settings import Settings


def ask(request: Request, *, timeout: Timeouts, cancellation: Cancellation | None = None) -> Exchange:
    """One exchange within ``timeout``; whatever the target does is told in it, and never raised."""
    settings: Settings = current_app.extensions["tilldone.settings"]
    exchange = fetch(request, guard=Guard(settings.reach), timeout=timeout, cancellation=cancellation)
    return mask(exchange, request.headers)
