"""What a server says of when to come back: the Retry-After header, as seconds or as a date."""

import datetime as dt
import re
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import Final

#: More digits are no wait that anybody means, and too much for some arithmetic.
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def retry_after_seconds(headers: Iterable[tuple[str, str]], *, at: dt.datetime) -> float | None:
    """Seconds to wait from now on; None without the header, and when its value is past or cannot be meant.

    A date is compared with the server's own clock, as its Date header tells it; ``at`` stands in where there is none.
    """
    given = {name.lower(): value.strip() for name, value in headers if name.lower() in ("retry-after", "date")}
    asked = given.get("retry-after", "")
    if _SECONDS.fullmatch(asked):
        return float(asked) or None
    until = _parse_date(asked)
    if until is None:
        return None
    seconds = (until - (_parse_date(given.get("date", "")) or at)).total_seconds()
    return seconds if seconds > 0 else None


def _parse_date(text: str) -> dt.datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
