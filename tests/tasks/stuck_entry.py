"""A worker's entry with faults that no target can bring about: a name server that never answers, and a parser that
never comes back."""

import itertools
import socket
import threading
from typing import Any

import tasks.fetch
from wsgi import app, celery

__all__ = ["app", "celery"]

_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host: str, *args: Any, **options: Any) -> Any:
    if host == "never-answers.example" and not options.get("flags"):
        threading.Event().wait()
    return _getaddrinfo(host, *args, **options)


def never_parse(*_: Any, **__: Any) -> Any:
    for _step in itertools.count():
        pass


socket.getaddrinfo = getaddrinfo
tasks.fetch.parse_json = never_parse
