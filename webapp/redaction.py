"""Keeps secrets out of every log line of a process, whoever writes it: our own code, a library, or a traceback."""

import logging
import re
import traceback
from collections.abc import Callable
from typing import Any, Final

MASK: Final = "[masked]"
#: Headers whose whole line is a secret.
_WHOLE: Final = re.compile(r"""((?:authorization|cookie)["']?\s*[:=]\s*["']?)[^"'\r\n]+""", re.IGNORECASE)
_WORDS: Final = r"(?:token|secret|password|passwd|api[-_]?key|credential)"
#: ``Name: value``, ``"name": "value"``, ``name=value`` where the name sounds of a secret; to the end of the value.
_NAMED: Final = re.compile(
    rf"""((?<![A-Za-z0-9])["']?[\w-]*{_WORDS}[\w-]*["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\s,;&)}}\]]+)""", re.IGNORECASE
)
_CREDENTIALS: Final = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_USER_IN_URL: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE)
_QUERY_VALUE: Final = re.compile(r"([?&][^=&\s#]+=)[^&\s#\"']+")

_Factory = Callable[..., logging.LogRecord]


def redact(text: str) -> str:
    """The text without what looks like a credential, and with the names but not the values of a URL's query."""
    text = _WHOLE.sub(rf"\1{MASK}", text)
    text = _CREDENTIALS.sub(rf"\1 {MASK}", text)
    text = _NAMED.sub(rf"\1{MASK}", text)
    text = _USER_IN_URL.sub(rf"\1{MASK}@", text)
    return _QUERY_VALUE.sub(rf"\1{MASK}", text) if "?" in text else text


def install() -> None:
    """For this process, once: whatever logger or handler, each record is made by one factory."""
    factory = logging.getLogRecordFactory()
    if not getattr(factory, "redacts", False):
        logging.setLogRecordFactory(_redacting(factory))


def _redacting(inner: _Factory) -> _Factory:
    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = inner(*args, **kwargs)
        record.msg, record.args = redact(_message(record)), ()
        if record.exc_info and record.exc_info[0] is not None:
            # Formatters print what stands here rather than the exception itself.
            record.exc_text = redact("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        return record

    make.redacts = True  # type: ignore[attr-defined]
    return make


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        # Arguments that do not fit their text are somebody's fault, and no reason to fail here.
        return f"{record.msg} {record.args}"
