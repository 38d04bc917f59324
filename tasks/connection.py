"""Connections under one deadline: every lookup, connect and byte is timed, counted and bounded.

The socket layer is where this must happen: requests' own timeouts begin anew with every byte, so a target that drips
would never end. Relies on private names of urllib3 2 (``_new_conn``, ``_dns_host``); see the pin in pyproject.toml.
"""

import socket
import ssl
import time
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, Protocol

import certifi
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from tasks.cancellation import Cancellation
from tasks.failures import FetchFailed, connect_failure, dns_failure, peer_failure, tls_failure
from tasks.lookup import Address, look_up
from tasks.meter import Meter, MeteredSocket

#: A lookup has no timeout of its own.
DNS_SECONDS: Final = 5.0
#: Addresses of a name that are tried: a dead IPv6 must not hide a live IPv4.
_MAX_ADDRESSES: Final = 3


class Door(Protocol):
    """Judges the addresses of a host before any is asked; raises FetchFailed."""

    def __call__(self, host: str, addresses: Sequence[Address], /) -> None: ...


class Adapter(HTTPAdapter):
    """A requests adapter for one request: no proxies, no pooling beyond it, its connection guarded and metered."""

    def __init__(self, door: Door, meter: Meter, tls: ssl.SSLContext) -> None:
        self._door, self._meter, self._tls = door, meter, tls
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *_: Any, **__: Any) -> None:
        self.poolmanager = PoolManager(num_pools=1, maxsize=1)
        # Replaced, never mutated: the dictionary is shared by all pool managers.
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_Pool, door=self._door, meter=self._meter),
            "https": partial(_TlsPool, door=self._door, meter=self._meter, ssl_context=self._tls),
        }

    def get_connection_with_tls_context(self, request: Any, *_: Any, **__: Any) -> Any:
        return self.poolmanager.connection_from_url(request.url)

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """The context verifies, and has loaded its authorities once for all exchanges."""


@lru_cache(maxsize=1)
def trust(ca_bundle: Path | None = None) -> ssl.SSLContext:
    """Loading the authorities takes tens of milliseconds, so they are loaded once a process."""
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_bundle is not None:
        context.load_verify_locations(ca_bundle)
    return context


class _Pool(HTTPConnectionPool):
    def __init__(self, *args: Any, door: Door, meter: Meter, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ConnectionCls = partial(_Connection, door=door, meter=meter)  # type: ignore[assignment]


class _TlsPool(HTTPSConnectionPool):
    def __init__(self, *args: Any, door: Door, meter: Meter, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ConnectionCls = partial(_TlsConnection, door=door, meter=meter)  # type: ignore[assignment]


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, door: Door, meter: Meter, **options: Any) -> None:
        super().__init__(*args, **options)
        self._door, self._meter = door, meter

    def _new_conn(self) -> socket.socket:
        return open_socket(self._dns_host, self.port, self._door, self._meter)

    def connect(self) -> None:
        self._meter.connection_begins()
        super().connect()
        self.sock = MeteredSocket(self.sock, self._meter)
        self._meter.connection_stands()


class _TlsConnection(HTTPSConnection):
    def __init__(self, *args: Any, door: Door, meter: Meter, **options: Any) -> None:
        super().__init__(*args, **options)
        self._door, self._meter = door, meter
        self._opened: float | None = None

    def _new_conn(self) -> socket.socket:
        opened = open_socket(self._dns_host, self.port, self._door, self._meter)
        opened.settimeout(self._meter.left())
        self._opened = time.monotonic()
        return opened

    def connect(self) -> None:
        self._meter.connection_begins()
        try:
            super().connect()
        except OSError as error:  # ssl.SSLError is one
            raise FetchFailed(tls_failure(error, self.host, self._meter.time_is_over())) from error
        finally:
            if self._opened is not None:
                self._meter.add("tls", self._opened)
        self.sock = MeteredSocket(self.sock, self._meter)
        self._meter.connection_stands()


def open_socket(host: str, port: int, door: Door, meter: Meter) -> socket.socket:
    """Resolve once, have every address judged, connect to one of them; raises FetchFailed.

    The name is not looked up again: its answer may have changed by then, as an attacker's would.
    """
    started = time.monotonic()
    try:
        addresses = look_up(host, port, min(DNS_SECONDS, meter.left()))
    except OSError as error:
        meter.left()  # raises, if it was the deadline that cut the lookup short
        raise FetchFailed(dns_failure(error, host)) from error
    finally:
        meter.add("dns", started)
    door(host, [address for _, address in addresses])
    started = time.monotonic()
    try:
        return _connect(addresses[:_MAX_ADDRESSES], host, meter)
    finally:
        meter.add("connect", started)


def _connect(addresses: list[tuple[int, Address]], host: str, meter: Meter) -> socket.socket:
    failed: OSError = OSError("no address")
    for number, (family, address) in enumerate(addresses):
        try:
            # Shared out: an address that swallows everything leaves time for the others.
            return _dial(family, address, meter.left() / (len(addresses) - number), meter.cancellation)
        except OSError as error:
            failed = error
    raise FetchFailed(connect_failure(failed, host, addresses[0][1][1], meter.time_is_over())) from failed


def _dial(family: int, address: Address, timeout: float, cancellation: Cancellation) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        cancellation.watch(opened)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.settimeout(timeout)
        opened.connect(address)
        # What was judged is what we talk to, whatever lies between us and the kernel.
        if opened.getpeername()[:2] != address[:2]:
            raise FetchFailed(peer_failure(address[0]))
    except BaseException:
        opened.close()
        raise
    return opened
