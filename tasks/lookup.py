"""Looks names up within a limit of time: getaddrinfo knows none, and cannot be interrupted, so threads wait for it."""

import os
import socket
import threading
from collections import deque
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any, Final

#: Threads that wait for the next name; starting one costs as much as half a lookup.
_MAX_IDLE: Final = 8

Address = tuple[Any, ...]


def look_up(host: str, port: int, timeout: float) -> list[tuple[int, Address]]:
    """Families and addresses. Raises OSError, TimeoutError if it took too long."""
    try:
        found = _numeric(host, port) if host[-1:].isdigit() or ":" in host else None
    except socket.gaierror:
        found = None
    return [(family, address) for family, _, _, _, address in found or _ask(host, port, timeout)]


def make_room_under_gevent(lookups: int) -> None:
    """gevent looks names up in ten threads: ten names that hang would hold up all the others."""
    threads = import_module("gevent").get_hub().threadpool
    threads.maxsize = max(threads.maxsize, lookups)


def _numeric(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)


def _ask(host: str, port: int, timeout: float) -> list[Any]:
    try:
        thread = _idle.pop()
    except IndexError:
        thread = _LookupThread()
    return thread.ask(host, port, timeout)


class _LookupThread:
    """Looks up one name at a time; one that hangs is left behind, and ends when it comes back."""

    def __init__(self) -> None:
        self._questions: SimpleQueue[tuple[str, int, SimpleQueue[Any]] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="dns", daemon=True).start()

    def ask(self, host: str, port: int, timeout: float) -> list[Any]:
        answers: SimpleQueue[Any] = SimpleQueue()
        self._questions.put((host, port, answers))
        try:
            answer = answers.get(timeout=timeout)
        except BaseException as error:  # the attempt's own end may come meanwhile
            self._questions.put(None)
            if isinstance(error, Empty):
                raise TimeoutError(f"no answer within {timeout:.0f} s") from None
            raise
        if len(_idle) < _MAX_IDLE:
            _idle.append(self)
        else:
            self._questions.put(None)
        if isinstance(answer, OSError):
            raise answer
        found: list[Any] = answer
        return found

    def _run(self) -> None:
        while (question := self._questions.get()) is not None:
            host, port, answers = question
            try:
                answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except OSError as error:
                answers.put(error)
            except UnicodeError:
                answers.put(OSError("the name is not a valid host name"))


_idle: deque[_LookupThread] = deque()
# Threads stay behind in the parent.
os.register_at_fork(after_in_child=_idle.clear)
