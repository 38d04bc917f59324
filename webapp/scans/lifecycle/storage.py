"""Room for answers: where their bytes outgrow what they may take, those of the oldest ended scans go.

That one went is told by what stays: an attempt that brought so many bytes, and no answer.
"""

from sqlalchemy import delete, func, select

from webapp.database import db, transaction
from webapp.scans.models import ANSWER_TABLE, Answer, EarlierAnswer, Scan


def stored_bytes() -> int:
    """Of all answers, and of the earlier ones that go with them; no database reads bodies to tell their lengths."""
    with db.engine.connect() as connection:
        sums = [select(func.sum(func.length(body))).scalar_subquery() for body in (Answer.body, EarlierAnswer.body)]
        return sum(int(size or 0) for size in connection.execute(select(*sums)).one())


def drop_answers(limit: int, *, at_least: int) -> int:
    """Drop oldest answers until so many bytes are free, or so many answers are gone; how many bytes it were."""
    statement = (
        select(Answer.scan_id, func.length(Answer.body))
        .join(Scan, Scan.id == Answer.scan_id)
        .where(Scan.finished_at.is_not(None))
        .order_by(Answer.scan_id)
        .limit(limit)
        .with_for_update(of=ANSWER_TABLE, skip_locked=True)
    )
    freed, chosen = 0, []
    with transaction() as connection:
        for scan_id, size in connection.execute(statement):
            if freed >= at_least:
                break
            freed += size
            chosen.append(scan_id)
        connection.execute(delete(ANSWER_TABLE).where(Answer.scan_id.in_(chosen)))
    return freed
