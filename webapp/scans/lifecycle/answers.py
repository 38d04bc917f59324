"""Bodies of answers: the latest one, the first one, and the latest that differed; of all others the digest alone."""

from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from webapp.scans.exchange import MISSING, Exchange
from webapp.scans.lifecycle.claim import Claim
from webapp.scans.models import ANSWER_TABLE, Answer, EarlierAnswer

#: Of an answer that was not good only so much is kept: enough to see why.
EXCERPT_BYTES: Final = 64 * 1024
#: Of one that another took the place of; a longer one cannot be compared.
EARLIER_BYTES: Final = 32 * 1024
#: Earlier answers that are kept, the first one among them.
MOST_EARLIER: Final = 6

_INSERT: Final = insert(ANSWER_TABLE)
_OF_SCAN: Final = Answer.scan_id == bindparam("of_scan")
_REPLACE: Final = update(ANSWER_TABLE).where(_OF_SCAN)
_IS_SAME_AGAIN: Final = (
    update(ANSWER_TABLE).where(_OF_SCAN, Answer.digest == bindparam("new_digest")).values(attempt=bindparam("number"))
)
_KEEP_EARLIER: Final = insert(EarlierAnswer).from_select(
    ["scan_id", "attempt", "digest", "is_json", "body"],
    select(
        Answer.scan_id,
        Answer.attempt,
        Answer.digest,
        case((func.length(Answer.body) <= EARLIER_BYTES, Answer.is_json), else_=False),
        func.substr(Answer.body, 1, EARLIER_BYTES),
    ).where(_OF_SCAN, Answer.digest != bindparam("new_digest")),
)
_NEWER: Final = (
    select(EarlierAnswer.attempt)
    .where(EarlierAnswer.scan_id == bindparam("of_scan"))
    .order_by(EarlierAnswer.attempt.desc())
)
_FIRST: Final = select(func.min(EarlierAnswer.attempt)).where(EarlierAnswer.scan_id == bindparam("of_scan"))
_PRUNE: Final = delete(EarlierAnswer).where(
    EarlierAnswer.scan_id == bindparam("of_scan"),
    EarlierAnswer.attempt > _FIRST.scalar_subquery(),
    EarlierAnswer.attempt <= _NEWER.offset(MOST_EARLIER - 1).limit(1).scalar_subquery(),
)


def digest_of(exchange: Exchange) -> str | None:
    """Of the whole body; None without one."""
    return _digest(exchange.body) if exchange.body else None


@lru_cache(maxsize=1)
def _digest(body: bytes) -> str:
    """Asked for twice in a row: for the attempt and for its answer."""
    return blake2b(body, digest_size=16).hexdigest()


def keep_answer(connection: Connection, claim: Claim, exchange: Exchange, *, is_good: bool) -> None:
    """Put this body in the place of the one before: the good answer whole, any other as an excerpt."""
    digest, number = digest_of(exchange) or "", claim.change.attempt
    if number > 1:
        before = {"of_scan": claim.scan_id, "new_digest": digest}
        if not is_good and connection.execute(_IS_SAME_AGAIN, {**before, "number": number}).rowcount:
            return
        if connection.execute(_KEEP_EARLIER, before).rowcount:
            connection.execute(_PRUNE, {"of_scan": claim.scan_id})
    values = _values(exchange, number, digest, is_good=is_good)
    if number > 1 and connection.execute(_REPLACE, {"of_scan": claim.scan_id, **values}).rowcount:
        return
    connection.execute(_INSERT, {"scan_id": claim.scan_id, **values})


def _values(exchange: Exchange, number: int, digest: str, *, is_good: bool) -> dict[str, Any]:
    body = exchange.body if is_good else exchange.body[:EXCERPT_BYTES]
    is_cut = exchange.is_truncated or len(body) < len(exchange.body)
    return {
        "attempt": number,
        "content_type": exchange.content_type[:255],
        "is_json": exchange.json is not MISSING and not is_cut,
        "is_truncated": is_cut,
        "digest": digest,
        "body": body,
    }
