"""What the database keeps: a scan, the batch it came with, its attempts and its answer."""

import datetime as dt
import uuid
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import JSON, Enum, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Table, Text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

from webapp.database import Base, UtcDateTime, now
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.rules import DEFAULT_RULE, Rule
from webapp.scans.states import ErrorCode, HoldReason, Outcome, State, Trigger

_WORD_LENGTH = 24


def words(enum: type[StrEnum]) -> Enum:
    """A StrEnum kept as its word, so that a new one needs no migration."""
    return Enum(enum, native_enum=False, length=_WORD_LENGTH, values_callable=lambda words: [w.value for w in words])


class PolicyJson(TypeDecorator[RetryPolicy]):
    """A retry policy as JSON: it is read whole, and grows without migrations."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: RetryPolicy | None, dialect: Dialect) -> dict[str, Any] | None:
        return value.to_json() if value is not None else None

    def process_result_value(self, value: dict[str, Any] | None, dialect: Dialect) -> RetryPolicy | None:
        return RetryPolicy.from_json(value) if value is not None else None


class RuleJson(TypeDecorator[Rule]):
    """A rule as JSON, alike; NULL stands for the default rule."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Rule | None, dialect: Dialect) -> dict[str, Any] | None:
        return None if value is None or value == DEFAULT_RULE else value.to_json()

    def process_result_value(self, value: dict[str, Any] | None, dialect: Dialect) -> Rule:
        return DEFAULT_RULE if value is None else Rule.from_json(value)


class Batch(Base):
    """Scans that were submitted together."""

    __tablename__ = "batch"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(String(200), default="")
    total: Mapped[int]
    #: For each host, below what the installation allows; None where that holds.
    host_concurrency: Mapped[int | None]
    host_starts_per_second: Mapped[float | None]
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now())


class Scan(Base):
    """One URL with its request, its policy and where it stands.

    ``attempt`` is the number of the latest attempt that was started, 0 before the first. ``revision`` rises by one
    with every committed change. ``token`` rises with every claim; who writes without the current one is too late.
    The attempt that is running now is described here alone; its row in ``attempt`` is written when it ends.
    """

    __tablename__ = "scan"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("batch.id"))
    url: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(String(255))
    method: Mapped[str] = mapped_column(String(16), default="GET")
    #: Headers and body, sealed (sealing.py). Secrets and bulk: never loaded by a list.
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    policy: Mapped[RetryPolicy] = mapped_column(PolicyJson)
    #: The person or the token, by name: it stays when they are gone.
    submitted_by: Mapped[str | None] = mapped_column(String(140))
    #: What is a good answer; never changed once it is submitted. Bulk too.
    rule: Mapped[Rule] = mapped_column(RuleJson, nullable=True, default=DEFAULT_RULE, deferred=True)

    state: Mapped[State] = mapped_column(words(State), default=State.QUEUED)
    revision: Mapped[int] = mapped_column(Integer, default=1)
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    #: Attempts that were cut off from our side: they do not count against ``max_attempts``.
    interruptions: Mapped[int] = mapped_column(Integer, default=0)
    #: Those of them whose worker was lost: too many, and the scan is abandoned.
    crashes: Mapped[int] = mapped_column(Integer, default=0)
    token: Mapped[int] = mapped_column(Integer, default=0)
    trigger: Mapped[Trigger] = mapped_column(words(Trigger), default=Trigger.INITIAL)
    worker: Mapped[str | None] = mapped_column(String(255))

    #: When the next attempt may start; set exactly while queued or waiting.
    due_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, default=now())
    #: When a wake-up for the next attempt was handed to the broker; None while there is none, and once it was claimed.
    sent_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    #: Since when it waits in line for its host, though it is due; None once it was claimed.
    held_since: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    #: Until when its host is asked nothing, as far as is known; no more than news of it.
    held_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    held_why: Mapped[HoldReason | None] = mapped_column(words(HoldReason))
    #: Until when the claim stands without a heartbeat; set exactly while running.
    lease_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    attempt_started_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    deadline_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    #: Of the latest attempt that ended.
    status: Mapped[int | None] = mapped_column(SmallInteger)
    error_code: Mapped[ErrorCode | None] = mapped_column(words(ErrorCode))
    error: Mapped[str | None] = mapped_column(Text)

    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now())
    started_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    @property
    def max_attempts(self) -> int:
        return self.policy.max_attempts

    @property
    def attempt_limit(self) -> int:
        """The highest number that an attempt of this scan can reach as things stand."""
        return self.policy.max_attempts + self.interruptions


class Attempt(Base):
    """One HTTP exchange of a scan, written once, when it ended; ``number`` is 1-based."""

    __tablename__ = "attempt"
    __table_args__ = {"sqlite_with_rowid": False}

    scan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("scan.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    outcome: Mapped[Outcome] = mapped_column(words(Outcome))
    trigger: Mapped[Trigger] = mapped_column(words(Trigger))
    worker: Mapped[str | None] = mapped_column(String(255))
    started_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now())
    status: Mapped[int | None] = mapped_column(SmallInteger)
    reason: Mapped[str | None] = mapped_column(String(100))
    error_code: Mapped[ErrorCode | None] = mapped_column(words(ErrorCode))
    error: Mapped[str | None] = mapped_column(Text)
    #: Where the answer came from, if redirects led away from the scan's URL.
    final_url: Mapped[str | None] = mapped_column(Text)
    content_type: Mapped[str | None] = mapped_column(String(255))
    size: Mapped[int | None] = mapped_column(Integer)
    #: Of the whole body: attempts with equal ones brought the same answer.
    answer_digest: Mapped[str | None] = mapped_column(String(32))
    #: Milliseconds by phase, see exchange.PHASES.
    phases: Mapped[dict[str, float]] = mapped_column(JSON, default=dict)
    response_headers: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    #: The verdict's conditions, each with what it expected and what it got.
    conditions: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class Answer(Base):
    """The body that the latest attempt brought: the good answer in full, any other as an excerpt."""

    __tablename__ = "answer"

    scan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("scan.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer)
    content_type: Mapped[str] = mapped_column(String(255), default="")
    is_json: Mapped[bool]
    is_truncated: Mapped[bool]
    digest: Mapped[str] = mapped_column(String(32), server_default="")
    body: Mapped[bytes] = mapped_column(LargeBinary)


class EarlierAnswer(Base):
    """A body that another one took the place of, or its beginning: the first one, and the latest ones that differed.

    ``attempt`` is the last one that brought it. It goes with the answer that came after it.
    """

    __tablename__ = "earlier_answer"

    scan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("answer.scan_id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(32))
    is_json: Mapped[bool]
    body: Mapped[bytes] = mapped_column(LargeBinary)


# The tables themselves, for the statements of the hot path: mapped ones cost several times as much.
SCAN_TABLE = cast(Table, Scan.__table__)
ATTEMPT_TABLE = cast(Table, Attempt.__table__)
ANSWER_TABLE = cast(Table, Answer.__table__)


def _partial_index(name: str, *columns: Any, where: ColumnElement[bool]) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


Index("ix_scan_state_id", Scan.state, Scan.id)
Index("ix_scan_batch_id_state_id", Scan.batch_id, Scan.state, Scan.id)
# What the scheduler asks every second: each index holds only the rows that may be found, and its condition follows
# from the question itself ("lease_until <= now" implies not null), so that both planners use it.
UNSENT = Scan.sent_at.is_(None) & Scan.due_at.is_not(None) & Scan.held_since.is_(None)
#: In line for a host: due, and woken in turn.
IN_LINE = Scan.held_since.is_not(None) & Scan.sent_at.is_(None)
_partial_index("ix_scan_unsent", Scan.due_at, where=UNSENT)
_partial_index("ix_scan_in_line", Scan.host, Scan.batch_id, Scan.due_at, where=IN_LINE)
_partial_index("ix_scan_sent_at", Scan.sent_at, where=Scan.sent_at.is_not(None))
_partial_index("ix_scan_lease_until", Scan.lease_until, where=Scan.lease_until.is_not(None))
_partial_index("ix_scan_deadline_at", Scan.deadline_at, where=Scan.finished_at.is_(None))
_partial_index("ix_scan_finished_at", Scan.finished_at, where=Scan.finished_at.is_not(None))
