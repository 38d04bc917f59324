"""Try a rule on the live target, or on a pasted answer, before it is submitted: nothing is stored."""

import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tasks.answer_json import parse_json
from tasks.asking import ask
from tasks.fetch import MAX_BODY_BYTES
from tasks.host_place import HostNotAsked, Place, ask_for_persons_place
from webapp.scans.draft import Draft
from webapp.scans.errors import InvalidField
from webapp.scans.exchange import Exchange, Request, Timeouts
from webapp.scans.lifecycle.next_attempt import why_not_again
from webapp.scans.retry_policy import RetryPolicy
from webapp.scans.rules import Decision, Rule, Verdict, judge

#: A trial holds a thread of the web process, so it is short, and there are few at a time.
MAX_SECONDS: Final = 15.0
MAX_AT_ONCE: Final = 4
RETRY_AFTER_SECONDS: Final = 5
#: What is left of a place at the host when its web process dies in a trial.
_LEASE_SECONDS: Final = MAX_SECONDS + 5

_slots = threading.BoundedSemaphore(MAX_AT_ONCE)


class TrialRefused(Exception):
    """Not now: says why, and in how many seconds it is worth another try."""

    def __init__(self, why: str, retry_after: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(why)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Trial:
    """An answer and how the rule judges it; ``is_pasted`` if no target was asked."""

    exchange: Exchange
    verdict: Verdict
    rule: Rule
    policy: RetryPolicy
    is_pasted: bool = False

    @property
    def decision(self) -> Decision:
        """What would follow in a scan: what its policy does not retry fails at once."""
        return Decision.FAILURE if self._is_not_retried else self.verdict.decision

    @property
    def error(self) -> str | None:
        if self._is_not_retried:
            return why_not_again(self.policy, self.exchange, self.verdict)
        return self.verdict.error

    @property
    def _is_not_retried(self) -> bool:
        is_retry = self.verdict.decision is Decision.RETRY
        return is_retry and why_not_again(self.policy, self.exchange, self.verdict) is not None


def try_target(draft: Draft) -> Trial:
    """Ask the target once, as a worker would, and as one of those who ask its host. Raises TrialRefused."""
    with _slot(), _place(draft.url) as place:
        request = Request(draft.method, draft.url, draft.headers, draft.body)
        policy = draft.policy
        total = min(policy.attempt_timeout, MAX_SECONDS)
        exchange = ask(request, place, timeout=Timeouts(total, policy.connect_timeout, policy.read_timeout))
        place.leave(exchange)
        return Trial(exchange, judge(exchange, draft.rule), draft.rule, policy)


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(blocking=False):
        raise TrialRefused(f"{MAX_AT_ONCE} trials are under way already. Try again in a few seconds.")
    try:
        yield
    finally:
        _slots.release()


@contextmanager
def _place(url: str) -> Iterator[Place]:
    try:
        place = ask_for_persons_place(url, lease=_LEASE_SECONDS)
    except HostNotAsked as error:
        cure = "Try again later, or paste an answer instead."
        raise TrialRefused(f"{error} {cure}", max(1, math.ceil(error.seconds))) from None
    try:
        yield place
    finally:
        place.leave_untold()


def try_answer(given: Mapping[str, Any], rule: Rule, policy: RetryPolicy) -> Trial:
    """Judge an answer that was pasted: ``status``, ``headers`` and ``body``. Raises InvalidField."""
    status = _status(given.get("status"))
    headers = _headers(given.get("headers"))
    body = "" if given.get("body") is None else given["body"]
    if not isinstance(body, str):
        raise InvalidField("answer_body", "must be a text", "Send JSON as a string.")
    raw = body.encode("utf-8", "replace")
    content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
    is_truncated = len(raw) > MAX_BODY_BYTES
    exchange = Exchange(
        url="",
        status=status,
        reason=_reason(status),
        headers=headers,
        content_type=content_type,
        body=raw[:MAX_BODY_BYTES],
        is_truncated=is_truncated,
        json=parse_json(raw, content_type, is_truncated=is_truncated),
    )
    return Trial(exchange, judge(exchange, rule), rule, policy, is_pasted=True)


def _status(given: object) -> int:
    text = str(200 if given in (None, "") else given).strip()
    if not (text.isascii() and text.isdecimal() and len(text) == 3 and text >= "100"):
        raise InvalidField("answer_status", f"{text[:20]!r} is no HTTP status", "Give a number such as 200.")
    return int(text)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _headers(given: object) -> tuple[tuple[str, str], ...]:
    if isinstance(given, Mapping):
        return tuple((str(name), str(value)) for name, value in given.items())
    if given is not None and not isinstance(given, str):
        raise InvalidField("answer_headers", "must map names to texts", 'Give {"Name": "value"}.')
    pairs = [line.partition(":") for line in (given or "").splitlines() if line.strip()]
    if any(not colon for _, colon, _ in pairs):
        raise InvalidField("answer_headers", "has a line without a colon", 'Write one "Name: value" a line.')
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)
