"""All that a scan's page shows, read in a handful of queries."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from webapp.routes.answer_view import AnswerView
from webapp.routes.changes import Changes, read_changes
from webapp.routes.curl import curl_command
from webapp.routes.interruptions import stories
from webapp.routes.plan import PlanView
from webapp.routes.timeline import Segment, Timeline, draw, segments
from webapp.scans import queries
from webapp.scans.models import Attempt, Batch, Scan
from webapp.scans.sealing import SealBroken, Secrets
from webapp.scans.states import HoldReason, State

#: The newest attempts that the list shows; the timeline draws more.
MAX_ATTEMPTS: Final = 100


@dataclass(frozen=True, slots=True)
class AttemptView:
    """An attempt, and its phases in percent of the longest one shown."""

    attempt: Attempt
    segments: tuple[Segment, ...]
    percent: float
    #: What cut it off and how the scan went on; None when it came to its own end.
    interruption: str | None
    changes: Changes

    @property
    def seconds(self) -> float:
        return _seconds(self.attempt)


@dataclass(frozen=True, slots=True)
class ScanView:
    scan: Scan
    batch: Batch | None
    attempts: Sequence[AttemptView]
    left_out: int
    timeline: Timeline | None
    plan: PlanView
    answer: AnswerView | None
    #: Bytes of an answer that was kept, and was dropped to make room.
    dropped_bytes: int
    header_names: Sequence[str]
    body_size: int
    #: Why neither can be told, if so.
    seal_fault: str | None
    now: dt.datetime

    @classmethod
    def read(cls, scan_id: uuid.UUID) -> Self:
        """Raises ScanNotFound."""
        scan = queries.get_scan(scan_id)
        attempts = queries.get_attempts(scan_id)
        answer = queries.get_answer(scan_id)
        secrets, seal_fault = _secrets(scan_id)
        now = queries.server_time()
        return cls(
            scan=scan,
            batch=queries.get_batch(scan.batch_id) if scan.batch_id else None,
            attempts=_views(attempts[-MAX_ATTEMPTS:], stories(scan, attempts), read_changes(scan_id, attempts, answer)),
            left_out=max(0, len(attempts) - MAX_ATTEMPTS),
            timeline=draw(scan, attempts, now),
            plan=PlanView.of_scan(scan, attempts),
            answer=AnswerView.of(answer) if answer else None,
            dropped_bytes=0 if answer else queries.dropped_bytes(scan, attempts),
            header_names=sorted(secrets.headers),
            body_size=len(secrets.body or b""),
            seal_fault=seal_fault,
            now=now,
        )

    @property
    def curl(self) -> str:
        scan = self.scan
        return curl_command(
            method=scan.method, url=scan.url, header_names=self.header_names, has_body=bool(self.body_size)
        )

    @property
    def why_no_retry(self) -> str | None:
        """Why the next attempt cannot be had at once; None when it can."""
        match self.scan.state:
            case State.WAITING:
                return None
            case State.RUNNING:
                return "An attempt is running right now."
            case State.QUEUED if self.scan.held_since is not None:
                return self.why_held
            case State.QUEUED:
                return "It is queued already: it starts as soon as a worker is free."
            case _:
                return "It has ended: scan it again instead."

    @property
    def why_held(self) -> str | None:
        """Why it waits in line for its host; None when it does not."""
        scan = self.scan
        if scan.held_since is None:
            return None
        if scan.held_until is None or scan.held_until <= self.now:
            return "It waits for its host, which others ask just now."
        if scan.held_why is HoldReason.ASKED:
            return "It waits for its host, which asked to be left alone for a while."
        return "It waits for its host, which failed too often in a row: it is left alone for a while, then asked once."

    @property
    def why_no_cancel(self) -> str | None:
        return "It has ended: there is nothing to cancel." if self.scan.state.is_terminal else None


def _secrets(scan_id: uuid.UUID) -> tuple[Secrets, str | None]:
    try:
        return queries.get_secrets(scan_id), None
    except SealBroken as error:
        return Secrets(), str(error)


def _views(
    attempts: Sequence[Attempt], interruptions: Mapping[int, str], changes: Mapping[int, Changes]
) -> list[AttemptView]:
    """Newest first, all on the scale of the longest."""
    longest = max((_seconds(attempt) for attempt in attempts), default=0.0)
    return [
        _view(attempt, longest, interruptions.get(attempt.number), changes.get(attempt.number, Changes()))
        for attempt in reversed(attempts)
    ]


def _view(attempt: Attempt, longest: float, interruption: str | None, changes: Changes) -> AttemptView:
    percent = 100 * _seconds(attempt) / longest if longest else 0.0
    return AttemptView(attempt, segments(attempt, 0.0, percent), round(percent, 3), interruption, changes)


def _seconds(attempt: Attempt) -> float:
    return (attempt.finished_at - attempt.started_at).total_seconds()
