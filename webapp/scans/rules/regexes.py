"""Regular expressions that take linear time whatever the pattern and the text are: Google's RE2."""

from functools import lru_cache
from typing import Any, Final

import re2

from webapp.scans.errors import InvalidField

MAX_LENGTH: Final = 1000
_QUIET: Final = re2.Options()
_QUIET.log_errors = False


def compile_regex(pattern: object, *, of: str) -> Any:
    """For bytes in UTF-8; raises InvalidField, named ``of``."""
    if not isinstance(pattern, str) or not pattern:
        raise InvalidField(of, "has no pattern", "Give a regular expression such as ^done$.")
    if len(pattern) > MAX_LENGTH:
        raise InvalidField(of, f"has a pattern of more than {MAX_LENGTH} characters", "Look for a shorter one.")
    if not pattern.isprintable():
        raise InvalidField(of, "has a pattern with a character that cannot be seen", r"Write it as \t, \n or \x{200B}.")
    return _compiled(pattern, of)


@lru_cache(maxsize=1024)
def _compiled(pattern: str, of: str) -> Any:
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error as error:
        reason, fragment = _told(error)
        where = pattern.find(fragment) + 1 if fragment else 0
        place = f" at character {where}" if where else ""
        cure = "Write it in RE2's syntax, which has no look-around and no back-references."
        raise InvalidField(of, f"{pattern[:80]!r} is no regular expression: {reason}{place}", cure) from error


def _told(error: Exception) -> tuple[str, str]:
    told = error.args[0] if error.args else ""
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    reason, _, fragment = text.partition(": ")
    return reason, fragment
