"""How often somebody may ask: tries to sign in, counted before a password is looked at, submits, and calls of programs;
in Redis or else in this process."""

import ipaddress
from collections.abc import Iterable
from typing import Any, Final

from flask import Flask, request
from flask_limiter import Limiter, RateLimitExceeded

from webapp.limits import Limits
from webapp.live.redis_client import get_quick_redis
from webapp.routes.gate import known_visitor

#: Of one address; of all that it may take in an hour, for who guesses slowly.
PER_ADDRESS: Final = "10 per minute; 100 per hour"
#: For one name, from wherever: it takes longer and longer, and never ends for good.
PER_NAME: Final = "5 per minute; 15 per 15 minutes; 30 per hour"
_SUBMITS: Final = ("api_scans.submit", "api_batches.submit", "pages.scans.submit", "pages.scans.again")
_GUESSING: Final = ("sign_in.by_password", "setup.become_admin", "invitation.accept", "account.change_password")
#: Who has one /64 has all of its addresses.
_IPV6_PREFIX: Final = 64


def init_app(app: Flask, limits: Limits) -> None:
    """After the blueprints: what is to be counted is told by the names of the views."""
    options: Any = {"connection_pool": get_quick_redis(app).connection_pool}
    limiter = Limiter(
        key_func=address,
        app=app,
        storage_uri="redis://",
        storage_options=options,
        strategy="moving-window",
        key_prefix="tilldone",
        in_memory_fallback_enabled=True,
    )
    for endpoint in _GUESSING:
        view: Any = app.view_functions[endpoint]
        app.view_functions[endpoint] = limiter.limit(PER_NAME, key_func=_name)(limiter.limit(PER_ADDRESS)(view))
    if limits.submits_per_minute:
        _count_together(app, limiter, limits.submits_per_minute, "submits", _SUBMITS)
    if limits.calls_per_minute:
        calls = [endpoint for endpoint in app.view_functions if endpoint.startswith("api_")]
        _count_together(app, limiter, limits.calls_per_minute, "calls", calls)


def _count_together(app: Flask, limiter: Limiter, per_minute: int, scope: str, endpoints: Iterable[str]) -> None:
    """What one person, or one token, asks of all these."""
    limit: Any = limiter.shared_limit(f"{per_minute} per minute", scope=scope, key_func=_visitor)
    for endpoint in endpoints:
        app.view_functions[endpoint] = limit(app.view_functions[endpoint])


def _visitor() -> str:
    known = known_visitor()
    return address() if known is None else f"{known.name} {known.token_id or ''}"


def seconds_to_wait(error: RateLimitExceeded) -> int:
    """At most: the oldest try may be forgotten earlier."""
    return error.limit.limit.get_expiry() if error.limit else 60


def address() -> str:
    """Whose tries are counted together."""
    text = request.remote_addr or ""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return text
    is_wide = isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None
    return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False)) if is_wide else text


def _name() -> str:
    """Whether there is somebody of that name or not."""
    return request.form.get("name", "").strip().casefold()[:64] or address()
