"""A crowd of stream clients in one process, as light as Python can be: it counts, and looks closely at a sample only.

``python -m bench.stream_client ADDRESS STREAMS HEADER READY`` opens them, each once READY has come to the one before
it in line, and says so. Then each line of its input is a task, and is answered with a line of JSON:

- ``measure SECONDS`` counts events, and tells how old those of the sample were;
- ``watch MARK`` waits until each stream has had the mark, and tells the time by the monotonic clock.
"""

import json
import os
import re
import select
import socket
import sys
import time
from urllib.parse import urlsplit

#: Every event carries the moment of its publication, in nanoseconds of the monotonic clock.
STAMP = re.compile(rb"at=(\d+);")
MARK = b"at="
#: Streams whose events' age is taken.
SAMPLE = 100
#: Requests under way at a time, as many as a server's threads take.
AT_ONCE = 16
OPEN_SECONDS = 60
#: Between two requests to a server that does not say when it is ready.
_PAUSE_SECONDS = 0.003


class Crowd:
    def __init__(self, address: str, streams: int, header: str, ready: bytes) -> None:
        parts = urlsplit(address)
        self._place = (parts.hostname, parts.port)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        lines = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", "Accept: text/event-stream", header]
        self._request = "".join(f"{line}\r\n" for line in [*filter(None, lines), ""]).encode()
        self._ready = ready
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._buffer = bytearray(256 * 1024)
        self._sample: set[int] = set()
        self._open_all(streams)

    def measure(self, seconds: float) -> dict[str, float | list[float]]:
        buffer, views, sample = self._buffer, [self._buffer], self._sample
        count, ages, cpu = 0, [], time.process_time()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for descriptor, _ in self._poll.poll(left, 4096):
                size = os.readv(descriptor, views)
                if not size:
                    self._drop(descriptor)
                count += buffer.count(MARK, 0, size)
                if descriptor in sample:
                    now = time.monotonic_ns()
                    ages += [(now - int(stamp)) / 1e6 for stamp in STAMP.findall(buffer[:size])]
        return {"events": count, "ages": ages, "cpu": (time.process_time() - cpu) / seconds, "open": len(self._sockets)}

    def watch(self, mark: bytes) -> dict[str, float]:
        waiting = set(self._sockets)
        deadline = time.monotonic() + OPEN_SECONDS
        while waiting and time.monotonic() < deadline:
            for descriptor, _ in self._poll.poll(1, 4096):
                size = os.readv(descriptor, [self._buffer])
                if self._buffer.find(mark, 0, size) >= 0:
                    waiting.discard(descriptor)
                if not size:
                    self._drop(descriptor)
        return {"at": time.monotonic(), "missing": len(waiting)}

    def _open_all(self, streams: int) -> None:
        opening: set[int] = set()
        deadline = time.monotonic() + OPEN_SECONDS
        while len(self._sockets) < streams or opening:
            while len(self._sockets) < streams and len(opening) < AT_ONCE:
                client = socket.create_connection(self._place)
                client.sendall(self._request)
                client.setblocking(False)
                self._sockets[client.fileno()] = client
                self._poll.register(client, select.EPOLLIN)
                if len(self._sample) < SAMPLE:
                    self._sample.add(client.fileno())
                if self._ready:
                    opening.add(client.fileno())
                else:
                    time.sleep(_PAUSE_SECONDS)
            for descriptor, _ in self._poll.poll(1 if opening else 0, 4096):
                size = os.readv(descriptor, [self._buffer])
                if self._buffer.find(self._ready, 0, size) >= 0:
                    opening.discard(descriptor)
                if not size or self._buffer.startswith(b"HTTP/1.1 5"):
                    sys.exit(f"a stream was refused: {bytes(self._buffer[: min(size, 300)])!r}")
            if time.monotonic() > deadline:
                sys.exit(f"{len(opening)} streams did not open")

    def _drop(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        self._sockets.pop(descriptor).close()
        self._sample.discard(descriptor)


def main() -> None:
    address, streams, header, ready = sys.argv[1:]
    crowd = Crowd(address, int(streams), header, ready.encode())
    print(json.dumps({"at": time.monotonic()}), flush=True)
    for line in sys.stdin:
        task, _, argument = line.strip().partition(" ")
        answer = crowd.measure(float(argument)) if task == "measure" else crowd.watch(argument.encode())
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
