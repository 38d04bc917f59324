"""A target of our own for the first visit: it fails twice, and then it succeeds."""

import secrets
import time
import zlib
from typing import Final
from urllib.parse import urlsplit

import redis
from flask import Blueprint, Response, current_app, jsonify, request

from tasks.failures import FetchFailed
from tasks.guard import Guard
from webapp.live.redis_client import get_redis
from webapp.settings import Settings

bp = Blueprint("sample", __name__, url_prefix="/sample")

FAILURES: Final = 2
#: Anybody may ask with any token, so tokens share this many counters and no more.
_COUNTERS: Final = 4096
_FORGET_AFTER_SECONDS: Final = 600
#: An answer at once would be too quick to be seen as an attempt.
_THINKING_SECONDS: Final = 0.5


def sample_url() -> str:
    """At the address by which this browser reaches us, as no other is known to work."""
    return f"{request.url_root}sample/flaky/{secrets.token_hex(8)}"


def why_no_sample() -> str | None:
    """Why scans may not go there, if that can be told without a lookup: then the first scan must not be that one."""
    settings: Settings = current_app.extensions["tilldone.settings"]
    parts = urlsplit(request.url_root)
    host = parts.hostname or ""
    address = ("127.0.0.1" if host == "localhost" else host, parts.port or (443 if request.is_secure else 80))
    try:
        Guard(settings.reach).admit(host, [address], is_typed=True)
    except FetchFailed as error:
        return error.failure.message
    except ValueError:
        return None
    return None


@bp.get("/flaky/<token>")
def flaky(token: str) -> tuple[Response, int]:
    """503 twice for each token, then a good answer."""
    time.sleep(_THINKING_SECONDS)
    number = _count(token)
    if number is None:
        return _unavailable("The sample cannot count, because Redis is away.")
    if number <= FAILURES:
        return _unavailable(f"Still warming up: request {number}, and the first {FAILURES} fail on purpose.")
    words = f"Request {number} works. This is how a retry pays off."
    return jsonify(success=True, message=words, request=number, failed_before=FAILURES), 200


def _unavailable(words: str) -> tuple[Response, int]:
    return jsonify(success=False, message=words), 503


def _count(token: str) -> int | None:
    """Counted in Redis, since the next request may reach another process."""
    key = f"tilldone:sample:{zlib.crc32(token.encode()) % _COUNTERS}"
    try:
        with get_redis(current_app).pipeline() as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, _FORGET_AFTER_SECONDS)
            number, _ = pipeline.execute()
    except redis.RedisError:
        return None
    return int(number)
