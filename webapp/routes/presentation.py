"""What templates may use: filters that put a scan's facts into words, and the words for scripts."""

import datetime as dt
from typing import Any, Final, NamedTuple

from flask import Flask

from webapp.live.events import format_time
from webapp.routes import words
from webapp.routes.labels import label
from webapp.routes.plan import plan_words
from webapp.routes.template_form import template_words
from webapp.scans.models import Batch, Scan
from webapp.scans.retry_policy import POLICY_FIELDS, Backoff, Jitter
from webapp.scans.states import ACTIVE_STATES, IDLE_STATES, HoldReason, State

#: Tabs of states that scans seldom come to are shown once one is there.
ALWAYS_SHOWN: Final = frozenset({State.QUEUED, State.RUNNING, State.WAITING, State.SUCCEEDED, State.FAILED})
#: For scripts: what a page must say of a scan that changes while it is shown.
_WORDS_FOR_SCRIPTS: Final = {
    "states": {state.value: word for state, word in words.STATES.items()},
    "meanings": {state.value: meaning for state, meaning in words.MEANINGS.items()},
    "errors": {code.value: word for code, word in words.ERRORS.items()},
}


class Next(NamedTuple):
    """What comes next for a scan: words that go on changing with time as ``kind`` tells, counted from ``moment``."""

    kind: str
    moment: dt.datetime | None
    words: str


class Chip(NamedTuple):
    """The last answer in a word."""

    kind: str
    text: str


def init_app(app: Flask) -> None:
    filters = (
        words.span,
        words.took,
        words.age,
        words.ago,
        words.rate,
        words.utc,
        words.size,
        words.visible,
        words.capitalize_first,
        words.url_parts,
    )
    for function in (
        *filters,
        label,
        plan_words,
        template_words,
        what_is_next,
        answer_chip,
        attempts_pill,
        own_host_limits,
        seconds_between,
        iso,
    ):
        app.add_template_filter(function)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        State=State,
        STATES=words.STATES,
        MEANINGS=words.MEANINGS,
        OUTCOMES=words.OUTCOMES,
        TRIGGERS=words.TRIGGERS,
        ERRORS=words.ERRORS,
        PHASES=words.PHASES,
        ROLE_WORDS=words.ROLES,
        SCOPE_WORDS=words.SCOPES,
        ALWAYS_SHOWN=ALWAYS_SHOWN,
        ACTIVE_STATES=ACTIVE_STATES,
        IDLE_STATES=IDLE_STATES,
        POLICY_FIELDS=POLICY_FIELDS,
        BACKOFFS=tuple(Backoff),
        JITTERS=tuple(Jitter),
        WORDS_FOR_SCRIPTS=_WORDS_FOR_SCRIPTS,
    )


def iso(moment: dt.datetime) -> str:
    return format_time(moment) or ""


def seconds_between(start: dt.datetime, end: dt.datetime) -> float:
    return (end - start).total_seconds()


def what_is_next(scan: Scan, now: dt.datetime) -> Next:
    """The words that static/js/scan.js goes on with."""
    if scan.finished_at is not None:
        return Next("took", None, f"took {words.took(seconds_between(scan.created_at, scan.finished_at))}")
    if scan.state is State.RUNNING and scan.attempt_started_at is not None:
        running = max(0.0, seconds_between(scan.attempt_started_at, now))
        return Next("running", scan.attempt_started_at, f"running {words.span(int(running))}")
    return _when_due(scan, now) if scan.held_since is None else _when_its_turn(scan, now)


def _when_its_turn(scan: Scan, now: dt.datetime) -> Next:
    """A host that is asked nothing, or one that others ask just now."""
    left = seconds_between(now, scan.held_until) if scan.held_until else 0.0
    if left <= 0 or scan.held_until is None:
        return Next("held", scan.held_since, "waits for its host")
    span, clock = words.span(max(1, round(left))), f"{scan.held_until:%H:%M} UTC"
    if scan.held_why is HoldReason.BREAKER:
        return Next("broken", scan.held_until, f"host down, next {f'in {span}' if left < 60 else clock}")
    return Next("held", scan.held_until, f"host paused {f'for {span}' if left < 60 else f'until {clock}'}")


def _when_due(scan: Scan, now: dt.datetime) -> Next:
    left = seconds_between(now, scan.due_at) if scan.due_at else 0.0
    if left <= 0:
        return Next("due", scan.due_at, "in line" if scan.state is State.QUEUED else "due now")
    return Next("due", scan.due_at, f"in {words.span(max(1, round(left)))}")


def answer_chip(scan: Any) -> Chip | None:
    """Of a scan or an attempt: its status, or what came instead; None when nothing has come yet."""
    if scan.status is not None:
        kind = "bad" if scan.status >= 400 else "unmet" if scan.error_code else "good"
        return Chip(kind, str(scan.status))
    return Chip("bad", words.ERRORS[scan.error_code]) if scan.error_code else None


def attempts_pill(scan: Scan) -> str:
    """``3/20``; of a success that needed retries ``after 7``."""
    if scan.state is State.SUCCEEDED and scan.attempt > 1:
        return f"after {scan.attempt}"
    return f"{scan.attempt}/{scan.attempt_limit}"


def own_host_limits(batch: Batch) -> str:
    """What a batch asked for itself; empty where it asked for nothing."""
    words_of = []
    if batch.host_concurrency:
        words_of.append(f"{batch.host_concurrency} at once")
    if batch.host_starts_per_second:
        words_of.append(f"{batch.host_starts_per_second:g} starts a second")
    return f"At each host: {', '.join(words_of)}" if words_of else ""
