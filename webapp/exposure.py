"""What must never be possible by accident: each fault stops the start, in one line that names the variable."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from webapp.allow_list import parse_allow_list

#: By which one knows that a platform runs us, in the open.
_PLATFORMS: Final = ("DYNO", "RENDER", "FLY_APP_NAME", "K_SERVICE", "RAILWAY_ENVIRONMENT_NAME", "RAILWAY_PROJECT_ID")
_MIN_KEY_BYTES: Final = 32
#: Of texts that stand in examples, and are copied.
_SAMPLE: Final = re.compile(
    r"change.?me|change.?this|secret.?key|your.?(secret|key)|example|insecure|default|password|dev.?key|0123456789|(.)\2{15}",
    re.I,
)
_SAMPLE_PASSWORDS: Final = frozenset(
    {"admin", "changeme", "guest", "letmein", "password", "postgres", "redis", "root", "secret", "tilldone", "123456"}
)
_ARGON2ID: Final = re.compile(r"\$argon2id\$v=\d+\$m=(\d+),t=(\d+),p=\d+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{21,}")
#: Less memory than this, in KiB, makes guessing cheap.
_MIN_MEMORY: Final = 19_456
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_STORES: Final = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")


def faults(env: Mapping[str, str], host: str, trusted_hosts: tuple[str, ...]) -> Iterator[str]:
    """All that is wrong, the first first; nothing when it may start."""
    is_open = not is_loopback(host)
    if is_open:
        yield from _weak_key(env)
        yield from _debugging(env)
    yield from _unusable_admin(env)
    if is_open and platform(env) and not trusted_hosts:
        yield "TRUSTED_HOSTS: name the hosts under which people open it, as in tilldone.example.com."
    if "*" in trusted_hosts:
        yield "TRUSTED_HOSTS: * would trust any name; list the real ones, .example.com for all below one."
    yield from _far_reach(env, is_open)
    yield from _plain_redis(env)
    yield from _sample_passwords(env)


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach it."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def platform(env: Mapping[str, str]) -> str | None:
    """The variable that tells it, if a platform runs us."""
    return next((name for name in _PLATFORMS if env.get(name)), None)


def platform_hosts(env: Mapping[str, str]) -> tuple[str, ...]:
    """The names that the platform says it gave us."""
    told = (env.get("RENDER_EXTERNAL_HOSTNAME"), env.get("RAILWAY_PUBLIC_DOMAIN"))
    heroku = env.get("HEROKU_APP_DEFAULT_DOMAIN_NAME")
    fly = env.get("FLY_APP_NAME")
    return tuple(name.casefold() for name in (*told, heroku, f"{fly}.fly.dev" if fly else None) if name)


def _weak_key(env: Mapping[str, str]) -> Iterator[str]:
    key = env.get("SECRET_KEY") or ""
    make = "make one: python -c 'import secrets; print(secrets.token_hex(32))'"
    if not key:
        yield f"SECRET_KEY: it is needed where others can reach this server (HOST is not loopback); {make}."
    elif len(key.encode()) < _MIN_KEY_BYTES:
        yield f"SECRET_KEY: it is shorter than {_MIN_KEY_BYTES} bytes; {make}."
    elif _SAMPLE.search(key):
        yield f"SECRET_KEY: it looks like one from an example, which others know too; {make}."


def _debugging(env: Mapping[str, str]) -> Iterator[str]:
    for name in ("FLASK_DEBUG", "WERKZEUG_DEBUG_PIN"):
        if (env.get(name) or "").casefold() in _TRUE | {"off"}:
            yield f"{name}: a debugger that others can reach runs whatever they send; unset it, or HOST=127.0.0.1."


def _unusable_admin(env: Mapping[str, str]) -> Iterator[str]:
    if env.get("ADMIN_PASSWORD"):
        yield "ADMIN_PASSWORD: it is not read; unset it and set ADMIN_PASSWORD_HASH, made by `tilldone password`."
    text = env.get("ADMIN_PASSWORD_HASH")
    if not text:
        return
    parts = _ARGON2ID.fullmatch(text)
    if parts is None:
        yield "ADMIN_PASSWORD_HASH: it is no argon2id hash; make one with `tilldone password`, and quote its $ signs."
    elif int(parts[1]) < _MIN_MEMORY or int(parts[1]) * int(parts[2]) < 2 * _MIN_MEMORY:
        yield "ADMIN_PASSWORD_HASH: its parameters make guessing cheap; make one with `tilldone password`."


def _far_reach(env: Mapping[str, str], is_open: bool) -> Iterator[str]:
    """Whoever can open a Tilldone sends its scans: a stranger must not look around in its network."""
    marker = platform(env)
    if env.get("SCAN_PROFILE") == "local" and (is_open or marker):
        where = f"{marker} says that a platform runs it" if marker else "HOST is not loopback"
        yield f"SCAN_PROFILE: local is for your own machine alone ({where}); use public, and SCAN_ALLOW for the rest."
    for rule in parse_allow_list(env.get("SCAN_ALLOW") or ""):
        if (is_open or marker) and rule.network is not None and rule.network.prefixlen == 0:
            yield f"SCAN_ALLOW: {rule} opens every network that can be reached from here; name those that are meant."


def _plain_redis(env: Mapping[str, str]) -> Iterator[str]:
    if env.get("REDIS_PLAINTEXT_OK") == "1":
        return
    for name in ("REDIS_URL", "CELERY_BROKER_URL"):
        parts = urlsplit(env.get(name) or "")
        if parts.scheme == "redis" and parts.hostname and not is_loopback(parts.hostname):
            cure = "use rediss://, or set REDIS_PLAINTEXT_OK=1 on a private network"
            yield f"{name}: redis:// to another host is not encrypted; {cure}."


def _sample_passwords(env: Mapping[str, str]) -> Iterator[str]:
    for name in _STORES:
        parts = urlsplit(env.get(name) or "")
        is_remote = parts.hostname is not None and not is_loopback(parts.hostname)
        if is_remote and unquote(parts.password or "").casefold() in _SAMPLE_PASSWORDS:
            yield f"{name}: its password is one that everybody tries first; give that user another one."
