"""Answers that mean harm: each path of the server is one way to waste a client's time, memory or trust."""

import gzip
import itertools
import socket
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

OK: Final = b"HTTP/1.1 200 OK\r\n"
JSON: Final = OK + b"Content-Type: application/json\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP: Final = OK + b"Content-Encoding: gzip\r\n"
_MIB: Final = 1024 * 1024


def _zeros(mib: int, *, level: int = 9) -> bytes:
    squeeze = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join(squeeze.compress(bytes(_MIB)) for _ in range(mib)) + squeeze.flush()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _stuffed(value: bytes) -> bytes:
    """A JSON list of 5 MiB in all."""
    return JSON + b"\r\n[" + (value + b",") * (5 * _MIB // (len(value) + 1) - 2) + value + b"]"


_BOMB: Final = _zeros(100)

#: Sent in a header by who measures memory.
ECHOED: Final = "a secret that comes back"

#: Drop by drop, for ever: what comes first at once, then one drop after the other.
DRIPS: Final[dict[str, tuple[bytes, bytes]]] = {
    "nothing": (b"", b""),
    "late byte": (b"", b"H"),
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "provisional answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "header name": (OK, b"X"),
    "header value": (OK + b"X-Slow: ", b"x"),
    "header lines": (OK, b"X: y\r\n"),
    "end of the headers": (OK + b"X: y\r\n", b""),
    "body of a length": (OK + b"Content-Length: 100000\r\n\r\n", b"x"),
    "body without a length": (OK + b"\r\n", b"x"),
    "chunk size": (CHUNKED, b"0"),
    "chunk extension": (CHUNKED + b"5;", b"x"),
    "chunk": (CHUNKED + b"fffff\r\n", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n"),
    "end of the chunks": (CHUNKED + b"1\r\nx\r\n0\r\n", b""),
    "gzip": (GZIP + b"\r\n" + _BOMB[:100], b"\0"),
    "gzip header": (GZIP + b"\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0", b"x"),
}

#: More and more, for ever, as fast as it goes.
FLOODS: Final[dict[str, tuple[bytes, bytes]]] = {
    "status line": (b"HTTP/1.1 200 ", b"O" * 65536),
    "blank lines first": (b"", b"\r\n" * 32768),
    "provisional answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
    "provisional answers with headers": (b"", b"HTTP/1.1 100 Continue\r\n" + b"X: y\r\n" * 90 + b"\r\n"),
    "one header": (OK + b"X: ", b"x" * 65536),
    "header lines": (OK, b"X: y\r\n" * 10000),
    "long header lines": (OK, b"X: " + b"y" * 60000 + b"\r\n"),
    "folded header": (OK + b"X: y\r\n", b" z\r\n" * 10000),
    "body": (OK + b"\r\n", b"x" * 65536),
    "body of a great length": (OK + b"Content-Length: 99999999999999\r\n\r\n", b"x" * 65536),
    "chunk size": (CHUNKED, b"0" * 65536),
    "chunk extension": (CHUNKED + b"5;", b"x" * 65536),
    "great chunk": (CHUNKED + b"ffffffffff\r\n", b"x" * 65536),
    "small chunks": (CHUNKED, b"1\r\nx\r\n" * 10000),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n" * 10000),
    "one trailer": (CHUNKED + b"1\r\nx\r\n0\r\nX: ", b"y" * 65536),
    "gzip": (GZIP + b"\r\n" + _BOMB[:-200], _BOMB[1000:66000]),
    "gzip name": (GZIP + b"\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0", b"x" * 65536),
    "gzip members": (GZIP + b"\r\n", gzip.compress(b"") * 3000),
}

#: The whole answer, then the end.
WHOLE: Final[dict[str, Callable[[], bytes]]] = {
    "bomb": lambda: GZIP + b"\r\n" + _BOMB,
    "bomb with a length": lambda: GZIP + b"Content-Length: %d\r\n\r\n" % len(_BOMB) + _BOMB,
    "bomb in chunks": lambda: GZIP + b"Transfer-Encoding: chunked\r\n\r\n" + _chunk(_BOMB) + b"0\r\n\r\n",
    "bomb called x-gzip": lambda: OK + b"Content-Encoding: x-gzip\r\n\r\n" + _BOMB,
    "bomb in an error": lambda: b"HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\n\r\n" + _BOMB,
    "bomb in a bomb": lambda: OK + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(_BOMB),
    "bomb in deflate": lambda: OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(bytes(50 * _MIB)),
    "bomb in a redirect": lambda: b"HTTP/1.1 302 Found\r\nLocation: /whole/good\r\n" + GZIP[17:] + b"\r\n" + _BOMB,
    "bomb in stored blocks": lambda: GZIP + b"\r\n" + _zeros(8, level=0),
    "brotli": lambda: OK + b"Content-Encoding: br\r\n\r\n" + bytes(100),
    "zstd": lambda: OK + b"Content-Encoding: zstd\r\n\r\n" + bytes(100),
    "encoding twice": lambda: GZIP + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x"),
    "encoding unknown": lambda: OK + b"Content-Encoding: " + b"a" * 200 + b"\r\n\r\nx",
    "json nested": lambda: JSON + b"\r\n" + b"[" * (2 * _MIB) + b"]" * (2 * _MIB),
    "json nested objects": lambda: JSON + b"\r\n" + b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "json of empty lists": lambda: _stuffed(b"[]"),
    "json of empty objects": lambda: _stuffed(b"{}"),
    "json of objects": lambda: _stuffed(b'{"":0}'),
    "json of a few too many objects": lambda: JSON + b"\r\n[" + b'{"":0},' * 300_000 + b"0]",
    "json of a few too many lists": lambda: JSON + b"\r\n[" + b"[0]," * 250_000 + b"0]",
    "json of numbers": lambda: _stuffed(b"0.5"),
    "json of digits": lambda: _stuffed(b"7"),
    "json of keys": lambda: JSON + b"\r\n{" + b",".join(b'"%x":0' % number for number in range(400_000)) + b"}",
    "json of strings": lambda: _stuffed(b'"\\u1234"'),
    "json of as many strings as may be": lambda: JSON + b"\r\n[" + b'"\\u1234",' * 390_000 + b"0]",
    "json of as many objects as may be": lambda: JSON + b"\r\n[" + b'{"":0},' * 115_000 + b"0]",
    "json of as many keys as may be": lambda: JSON + b"\r\n{%b}" % b",".join(b'"%x":"ab"' % n for n in range(140_000)),
    "json of as many echoes as may be": lambda: JSON + b'\r\n["%b"%b]' % (ECHOED.encode(), b',"\\u1234"' * 390_000),
    "json of one great number": lambda: JSON + b"\r\n" + b"9" * (5 * _MIB - 1),
    "json of wide letters": lambda: JSON + b'\r\n{"a":"\xf0\x9f\x98\x80' + b"x" * (5 * _MIB - 20) + b'"}',
    "json of as many wide letters as may be": lambda: JSON + b'\r\n["\xf0\x9f\x98\x80' + b"x" * (4 * _MIB - 99) + b'"]',
    "header values": lambda: OK + b"".join(b"X-%d: %b\r\n" % (n, b"\xff" * 60_000) for n in range(95)) + b"\r\nx",
    "reason": lambda: b"HTTP/1.1 200 " + b"\xff" * 60_000 + b"\r\n\r\nx",
    "good": lambda: OK + b"Content-Length: 4\r\n\r\ngood",
}  # fmt: skip


class HostileServer:
    """``/drips/header value`` and the like; counts who comes. Written with `_` for blanks in URLs."""

    def __init__(self) -> None:
        self.connections: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/{path.replace(' ', '_')}"

    def stop(self) -> None:
        self._stopping.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(10)
            path = connection.recv(65536).split()[1].decode()[1:].replace("_", " ")
            self.connections[path] += 1
            kind, _, name = path.partition("/")
            if kind == "whole":
                connection.sendall(WHOLE[name]())
                connection.shutdown(socket.SHUT_WR)
            else:
                first, more = (DRIPS if kind == "drips" else FLOODS)[name]
                connection.sendall(first)
                pause = 1.6 if name == "late byte" else 0.03
                self._go_on(connection, itertools.repeat(more), pause=pause if kind == "drips" else 0)

    def _go_on(self, connection: socket.socket, parts: Iterable[bytes], *, pause: float) -> None:
        for part in parts:
            if self._stopping.is_set():
                return
            if pause:
                time.sleep(pause)
            connection.sendall(part)
