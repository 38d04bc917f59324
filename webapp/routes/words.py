"""The words, times and sizes that pages show; static/js/words.js says the times alike."""

import datetime as dt
import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from webapp.auth.rights import Role, Scope
from webapp.scans.states import ErrorCode, Outcome, State, Trigger

STATES: Final = {
    State.QUEUED: "Queued",
    State.RUNNING: "Running",
    State.WAITING: "Waiting",
    State.SUCCEEDED: "Succeeded",
    State.FAILED: "Failed",
    State.EXHAUSTED: "Exhausted",
    State.TIMED_OUT: "Timed out",
    State.ABANDONED: "Abandoned",
    State.CANCELED: "Canceled",
}
#: What a state means, for titles.
MEANINGS: Final = {
    State.QUEUED: "Starts as soon as a worker and its host are free.",
    State.RUNNING: "An attempt is being made now.",
    State.WAITING: "The last answer was not good yet: the next attempt comes at a known time.",
    State.SUCCEEDED: "The answer is good.",
    State.FAILED: "Its answer says that no retry can help, or it failed in a way that none can mend.",
    State.EXHAUSTED: "All attempts were used up without a good answer.",
    State.TIMED_OUT: "The deadline came before a good answer.",
    State.ABANDONED: "Its worker was lost too often.",
    State.CANCELED: "A person ended it.",
}
OUTCOMES: Final = {
    Outcome.SUCCEEDED: "Succeeded",
    Outcome.NOT_MET: "Not yet",
    Outcome.FAILED: "Failed",
    Outcome.HTTP_ERROR: "HTTP error",
    Outcome.NETWORK_ERROR: "Network error",
    Outcome.TIMED_OUT: "Timed out",
    Outcome.REFUSED: "Refused",
    Outcome.INTERRUPTED: "Interrupted",
    Outcome.CANCELED: "Canceled",
}
TRIGGERS: Final = {
    Trigger.INITIAL: "first",
    Trigger.AUTOMATIC: "retry",
    Trigger.MANUAL: "by hand",
    Trigger.BULK_RETRY: "all by hand",
    Trigger.REDELIVERED: "resumed",
}
#: Short enough for a chip.
ERRORS: Final = {
    ErrorCode.INVALID_URL: "bad URL",
    ErrorCode.INVALID_REQUEST: "bad request",
    ErrorCode.REFUSED_BY_POLICY: "not allowed",
    ErrorCode.HOST_BUSY: "host busy",
    ErrorCode.DNS_LOOKUP_FAILED: "DNS",
    ErrorCode.CONNECTION_REFUSED: "refused",
    ErrorCode.CONNECTION_RESET: "reset",
    ErrorCode.SOCKET_CLOSED: "cut off",
    ErrorCode.HOST_UNREACHABLE: "no route",
    ErrorCode.TIMEOUT: "timeout",
    ErrorCode.TOO_MANY_REDIRECTS: "redirects",
    ErrorCode.SSL_WRONG_HOST: "TLS name",
    ErrorCode.SSL_CERT_EXPIRED: "TLS expired",
    ErrorCode.SELF_SIGNED_CERT: "TLS issuer",
    ErrorCode.SSL_ERROR: "TLS",
    ErrorCode.BAD_RESPONSE: "bad answer",
    ErrorCode.HTTP_STATUS: "status",
    ErrorCode.NOT_YET: "not yet",
    ErrorCode.FAIL_WHEN: "fail rule",
    ErrorCode.WORKER_LOST: "cut off here",
    ErrorCode.UNKNOWN: "error",
}
PHASES: Final = {"dns": "DNS", "connect": "connect", "tls": "TLS", "first_byte": "first byte", "body": "body"}

_UNITS: Final = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
# Control characters but tab and line feed, and those that turn the direction of writing or show nothing.
_DECEPTIVE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
#: So much of a long path stays in sight at its end.
_PATH_END: Final = 14


#: What somebody of this role does.
ROLES: Final = {
    Role.VIEWER: "sees all scans and changes nothing.",
    Role.MEMBER: "submits, retries and cancels scans.",
    Role.ADMIN: "submits, retries and cancels scans, and lets others in.",
}
SCOPES: Final = {
    Scope.READ: "read scans",
    Scope.SUBMIT: "read and submit scans",
    Scope.ADMIN: "do all that an admin does",
}


def span(seconds: float) -> str:
    """``1 h 5 m``: the two largest units, for waits and limits; parts of a second only below one."""
    if 0 < seconds < 1:
        return f"{round(seconds * 1000)} ms"
    words, rest = [], int(seconds)
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"


def took(seconds: float) -> str:
    """How long something took: ``42 ms``, ``3.2 s``, ``2 m 10 s``."""
    milliseconds = max(0, round(seconds * 1000))
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    # Cut, not rounded: scripts round halves in another way.
    return f"{milliseconds // 100 / 10:.1f} s" if milliseconds < 10_000 else span(seconds)


def age(seconds: float) -> str:
    """``3 m``: the largest unit alone, ``now`` below two seconds."""
    for unit, size in _UNITS:
        if seconds >= max(size, 2):
            return f"{int(seconds // size)} {unit}"
    return "now"


def ago(seconds: float) -> str:
    return f"{age(seconds)} ago" if seconds >= 2 else "just now"


def rate(per_second: float) -> str:
    """``12 a second``, ``1.5 a second``, ``40 a minute``: so that it is no number below one."""
    if per_second >= 9.95:
        return f"{per_second:,.0f} a second"
    return f"{per_second:.1f} a second" if per_second >= 1 else f"{max(1, round(per_second * 60))} a minute"


def utc(moment: dt.datetime) -> str:
    """For titles, where no script has put it into the reader's own time zone."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def size(count: int) -> str:
    """``512 B``, ``3.4 kB``, ``2.1 MB``."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def visible(text: object) -> str:
    """Foreign text with what would deceive the reader spelt out."""
    return _DECEPTIVE.sub(lambda match: f"\\u{ord(match.group()):04x}", str(text).replace("\r\n", "\n"))


def capitalize_first(text: str) -> str:
    """The first letter alone: what follows may be a name or a value."""
    return text[:1].upper() + text[1:]


class UrlParts(NamedTuple):
    """A URL as a row shows it: the scheme only where it is not https, the path in two parts to cut between."""

    scheme: str
    host: str
    start: str
    end: str


def url_parts(url: str) -> UrlParts:
    split = urlsplit(url)
    path = url.split(split.netloc, 1)[1] if split.netloc else url
    cut = len(path) - _PATH_END if len(path) > 2 * _PATH_END else len(path)
    scheme = "" if split.scheme == "https" else f"{split.scheme}://"
    return UrlParts(scheme, split.netloc, path[:cut], path[cut:])
