"""What the environment may say, read once and checked loudly."""

import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from webapp import exposure
from webapp.limits import Limits
from webapp.local_keys import is_fernet_key, local_key, make_fernet_key
from webapp.reach import Reach

POOLS: Final = ("prefork", "threads", "gevent")
#: Who serves the live streams: each web process its own, or one process those of all.
HUBS: Final = ("web", "sidecar")
#: Where the embedded Valkey listens when REDIS_URL is not set: a socket, so that it never takes a port.
SOCKET_NAME: Final = "valkey.sock"
#: The longest path that a socket may have on macOS; Linux allows four more.
_SOCKET_PATH_BYTES: Final = 103
_DEFAULT_HOME: Final = Path(__file__).resolve().parent.parent / "instance"
#: What the default goes up to on a machine of many cores; each costs about 12 MB of its own in the default pool.
MAX_CONCURRENCY: Final = 32


class SettingsError(Exception):
    """A variable of the environment is missing or odd; the message names it and says what it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration of a process; the README lists the variables."""

    home: Path
    secret_key: str = field(repr=False)
    database_url: str
    redis_url: str
    broker_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    #: Keys that headers and bodies are sealed with, the newest first; without one they are refused.
    header_keys: tuple[str, ...] = field(default=(), repr=False)
    #: Whether a scan's headers and body are forgotten when it ends.
    forget_secrets: bool = False
    worker_pool: str = "prefork"
    worker_concurrency: int = 4
    #: How long a claim stands without a heartbeat before the scan is taken from its worker.
    lease_seconds: float = 10.0
    #: Lost workers after which a scan is abandoned.
    max_crashes: int = 5
    #: What all workers together allow themselves at one host: attempts at once, and starts a second; 0: no limit.
    host_concurrency: int = 2
    host_starts_per_second: float = 1.0
    #: Failures of a host in a row after which it is left alone for so many seconds; 0: never.
    host_breaker_failures: int = 10
    host_breaker_seconds: float = 300.0
    #: How long a host may have itself left alone by Retry-After, in seconds; 0: not at all.
    host_pause_cap: float = 86400.0
    #: Time between SIGTERM and the platform's SIGKILL.
    grace_seconds: float = 10.0
    #: Days that a scan is kept after its end; 0 keeps it for ever.
    keep_days: float = 0.0
    log_level: str = "INFO"
    #: Of the user `admin`; made by `tilldone password`.
    admin_password_hash: str | None = None
    #: Fingerprints of the one-time links that `tilldone up` prints.
    login_links: frozenset[str] = frozenset()
    #: The names under which browsers may ask; a name that begins with a dot stands for all below it.
    trusted_hosts: tuple[str, ...] = ()
    #: Proxies in front that add to X-Forwarded-For.
    trusted_proxies: int = 0
    #: Whether people may sign in over plain http from elsewhere.
    is_http_allowed: bool = False
    reach: Reach = Reach()
    hub: str = "web"
    #: Live pages that one process serves; beyond it they are told to come back.
    max_streams: int = 10_000
    limits: Limits = Limits()

    @property
    def is_redis_embedded(self) -> bool:
        return self.redis_url == _embedded_redis_url(self.home)

    @property
    def redis_socket(self) -> Path:
        return _socket(self.home, SOCKET_NAME)

    @property
    def hub_socket(self) -> Path | None:
        """Where the sidecar listens, None without one."""
        return _socket(self.home, "hub.sock") if self.hub == "sidecar" else None

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Read the environment; raises SettingsError for what cannot be meant, and for what would not be safe."""
        settings = cls.read(env)
        for fault in exposure.faults(env, settings.host, settings.trusted_hosts):
            raise SettingsError(fault)
        return settings

    @classmethod
    def read(cls, env: Mapping[str, str]) -> "Settings":
        """Each variable by itself; raises SettingsError for a value that cannot be meant."""
        home = Path(env.get("TILLDONE_HOME") or _DEFAULT_HOME).expanduser().resolve()
        redis_url = env.get("REDIS_URL") or _embedded_redis_url(home)
        _check_scheme("REDIS_URL", redis_url, ("redis", "rediss", "unix"))
        return cls(
            home=home,
            secret_key=env.get("SECRET_KEY") or _local_key(home, "secret_key", lambda: secrets.token_hex(32)),
            header_keys=_header_keys(env, home),
            forget_secrets=_choice(env, "FORGET_SECRETS", "never", ("never", "at-end")) == "at-end",
            database_url=_database_url(env.get("DATABASE_URL") or f"sqlite:///{home / 'tilldone.sqlite3'}"),
            redis_url=redis_url,
            broker_url=_broker_url(env.get("CELERY_BROKER_URL") or redis_url),
            host=env.get("HOST") or "127.0.0.1",
            port=_integer(env, "PORT", 8000, 1, 65535),
            worker_pool=_worker_pool(env),
            worker_concurrency=_integer(env, "WORKER_CONCURRENCY", _default_concurrency(), 1, 1000),
            lease_seconds=_number(env, "LEASE_SECONDS", 10.0, 1.0, 600.0),
            max_crashes=_integer(env, "MAX_CRASHES", 5, 1, 1000),
            host_concurrency=_integer(env, "HOST_CONCURRENCY", 2, 0, 10_000),
            host_starts_per_second=_number(env, "HOST_STARTS_PER_SECOND", 1.0, 0.0, 10_000.0),
            host_breaker_failures=_integer(env, "HOST_BREAKER_FAILURES", 10, 0, 10_000),
            host_breaker_seconds=_number(env, "HOST_BREAKER_SECONDS", 300.0, 1.0, 86400.0),
            host_pause_cap=_number(env, "HOST_PAUSE_CAP", 86400.0, 0.0, 86400.0),
            grace_seconds=_number(env, "GRACE_SECONDS", 10.0, 2.0, 600.0),
            keep_days=_number(env, "KEEP_DAYS", 0.0, 0.0, 36_500.0),
            hub=_hub(env),
            max_streams=_integer(env, "MAX_STREAMS", 10_000, 1, 1_000_000),
            log_level=_choice(env, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
            admin_password_hash=env.get("ADMIN_PASSWORD_HASH") or None,
            login_links=frozenset((env.get("TILLDONE_LOGIN_LINKS") or "").split()),
            trusted_hosts=_trusted_hosts(env),
            trusted_proxies=_integer(env, "TRUSTED_PROXIES", 1 if exposure.platform(env) else 0, 0, 9),
            limits=Limits.from_env(env, _integer),
            is_http_allowed=_choice(env, "HTTP_PLAINTEXT_OK", "0", ("0", "1")) == "1",
            reach=_reach(env),
        )


def _default_concurrency() -> int:
    return min(MAX_CONCURRENCY, 4 * (os.cpu_count() or 1))


def _embedded_redis_url(home: Path) -> str:
    return f"unix://{quote(str(_socket(home, SOCKET_NAME)))}"


def _socket(home: Path, name: str) -> Path:
    """Beside the data; when that path is too long for a socket, under a short name of its own in /tmp."""
    path = home / name
    if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES:
        return path
    name = f"tilldone-{os.getuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}-{name}"
    # Who took the name before us keeps Valkey or the hub from starting.
    return Path("/tmp") / name  # nosec B108


def _broker_url(url: str) -> str:
    """Kombu spells a Redis socket in its own way."""
    _check_scheme("CELERY_BROKER_URL", url, ("redis", "rediss", "unix", "redis+socket", "amqp", "amqps", "pyamqp"))
    return url.replace("unix://", "redis+socket://", 1)


def _database_url(url: str) -> str:
    """Accept the scheme that platforms hand out and name the driver that is installed."""
    _check_scheme("DATABASE_URL", url, ("sqlite", "postgres", "postgresql", "postgresql+psycopg"))
    scheme, rest = url.split("://", 1)
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


def _local_key(home: Path, name: str, make: Callable[[], str]) -> str:
    try:
        return local_key(home / name, make)
    except OSError as error:
        raise SettingsError(
            f"TILLDONE_HOME: cannot write to {home} ({error.strerror}); name a folder that can be written."
        ) from error


def _header_keys(env: Mapping[str, str], home: Path) -> tuple[str, ...]:
    """None where SECRET_KEY is given and these are not: that is no installation which keeps keys of its own."""
    given = tuple(key.strip() for key in env.get("HEADER_KEYS", "").split(",") if key.strip())
    for number, key in enumerate(given, 1):
        if not is_fernet_key(key):
            raise SettingsError(f"HEADER_KEYS: key {number} of {len(given)} is none; `tilldone key` makes one.")
    if given or env.get("SECRET_KEY"):
        return given
    return (_local_key(home, "header_key", make_fernet_key),)


def _check_scheme(name: str, url: str, allowed: tuple[str, ...]) -> None:
    scheme = urlsplit(url).scheme
    if scheme not in allowed:
        raise SettingsError(f"{name}: it must start with {', '.join(f'{word}://' for word in allowed)}.")


def _trusted_hosts(env: Mapping[str, str]) -> tuple[str, ...]:
    """Those that are named, or the one by which the platform says that it knows us."""
    named = (env.get("TRUSTED_HOSTS") or "").replace(",", " ").casefold().split()
    return tuple(named) or exposure.platform_hosts(env)


def _worker_pool(env: Mapping[str, str]) -> str:
    pool = _choice(env, "WORKER_POOL", "prefork", POOLS)
    if pool == "gevent" and find_spec("gevent") is None:
        raise SettingsError("WORKER_POOL: gevent is not installed; pip install gevent, or choose threads.")
    return pool


def _reach(env: Mapping[str, str]) -> Reach:
    try:
        return Reach.from_env(env)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _hub(env: Mapping[str, str]) -> str:
    hub = _choice(env, "HUB", "web", HUBS)
    if hub == "sidecar" and sys.platform != "linux":
        raise SettingsError("HUB: a sidecar needs Linux; leave it at web.")
    return hub


def _choice(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name) or default
    if value not in allowed:
        raise SettingsError(f"{name}: {value!r} is none of {', '.join(allowed)}.")
    return value


def _integer(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = _number(env, name, default, low, high)
    if value != int(value):
        raise SettingsError(f"{name}: {value} is not a whole number.")
    return int(value)


def _number(env: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = env.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        raise SettingsError(f"{name}: {text!r} is not a number.") from None
    if not low <= value <= high:
        raise SettingsError(f"{name}: {text} is not between {low} and {high}.")
    return value
