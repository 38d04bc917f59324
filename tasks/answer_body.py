"""Take in an answer's body: unpacked in bounded steps, and cut at a cap."""

import zlib
from collections.abc import Iterator
from typing import Any, Final

import requests

from tasks.failures import FetchFailed, closed_failure, garbage_failure
from tasks.meter import TooManyBytes

_CHUNK_BYTES: Final = 64 * 1024
#: A gzip body may be several in a row, as `cat a.gz b.gz` makes them; a million empty ones are an attack.
_MAX_GZIP_MEMBERS: Final = 1000
#: A chunk of one byte costs as much time as one of many; a server may write so, but not a million times.
_MAX_PARTS: Final = 200_000


def read_body(response: requests.Response, max_bytes: int) -> tuple[bytes, bool]:
    """The decoded body, and whether it was cut."""
    # One buffer, for a chunk may be a single byte: as objects of their own they would fill the memory.
    body = bytearray()
    try:
        for number, part in enumerate(_decoded(response), 1):
            body += part
            if len(body) > max_bytes or number > _MAX_PARTS:
                return bytes(memoryview(body)[:max_bytes]), True
    except TooManyBytes:
        return bytes(body), True
    return bytes(body), False


def _decoded(response: requests.Response) -> Iterator[bytes]:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    framing = response.headers.get("Transfer-Encoding", "chunked").strip().lower()
    if framing not in ("chunked", "identity"):
        raise FetchFailed(garbage_failure("The body is framed in a way that was not asked for."))
    chunks = response.raw.stream(_CHUNK_BYTES, decode_content=False)
    if encoding in ("", "identity"):
        return iter(chunks)
    if encoding in ("gzip", "x-gzip"):
        return _unzipped(chunks, may_be_empty=_has_its_end(response))
    words = f"The body is encoded as {encoding[:40]!r}, which was not asked for."
    # An error page may come from whoever stands before the server; the next answer may be its own.
    raise FetchFailed(garbage_failure(words, is_permanent=response.status_code < 400))


def _has_its_end(response: requests.Response) -> bool:
    """Whether the end of the body is known by more than the end of the connection."""
    is_bodiless = response.request.method == "HEAD" or response.status_code in (204, 304)
    return is_bodiless or "Content-Length" in response.headers or "Transfer-Encoding" in response.headers


def _unzipped(chunks: Iterator[bytes], *, may_be_empty: bool) -> Iterator[bytes]:
    """In steps of bounded size: a bomb is met by the caller's cap, not by the end of memory."""
    unzip = _new_unzip()
    is_begun, members = False, 1
    try:
        for chunk in chunks:
            waiting, is_begun = chunk, True
            while waiting:
                if unzip.eof:
                    if not waiting.startswith(b"\x1f"):
                        return  # padding, which gzip itself ignores too
                    if members == _MAX_GZIP_MEMBERS:
                        raise FetchFailed(garbage_failure("The body is gzip in too many pieces."))
                    unzip, members = _new_unzip(), members + 1
                yield unzip.decompress(waiting, _CHUNK_BYTES)
                waiting = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
    except zlib.error as error:
        raise FetchFailed(garbage_failure("The body says that it is gzip, but it is not.")) from error
    # Nothing at all is what comes after HEAD, 204 and 304, whatever their headers say.
    if not unzip.eof and (is_begun or not may_be_empty):
        raise FetchFailed(closed_failure())


def _new_unzip() -> Any:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)
