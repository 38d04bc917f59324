"""Ask a target as this installation allows it: guarded, politely also where it leads elsewhere, with secrets masked."""

from collections.abc import Callable
from functools import partial

from flask import current_app

from tasks.cancellation import Cancellation
from tasks.failures import FetchFailed
from tasks.fetch import fetch
from tasks.guard import Guard
from tasks.host_place import HostNotAsked, Place
from webapp.scans.exchange import Exchange, Failure, Request, Timeouts
from webapp.scans.masking import mask
from webapp.scans.states import ErrorCode, Outcome
from webapp.settings import Settings


def ask(request: Request, place: Place, *, timeout: Timeouts, cancellation: Cancellation | None = None) -> Exchange:
    """One exchange within ``timeout``; whatever the target does is told in it, and never raised.

    ``place`` is the one at the request's host; where a redirect leads to another host it takes one there as well.
    """
    settings: Settings = current_app.extensions["tilldone.settings"]
    exchange = fetch(
        request,
        guard=Guard(settings.reach),
        timeout=timeout,
        cancellation=cancellation,
        on_redirect=partial(_go_on, place),
    )
    return mask(exchange, request.headers)


def _go_on(place: Place, url: str, check: Callable[[], object]) -> None:
    try:
        place.go_on_to(url, check=check)
    except HostNotAsked as error:
        words = f"The server redirects to another host, which is not asked now. {error}"
        failure = Failure(Outcome.REFUSED, ErrorCode.HOST_BUSY, words, retry_after=error.seconds)
        raise FetchFailed(failure) from None
