"""Try a rule on the live target, or on a pasted answer, before it is submitted: nothing is stored."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tasks.answer_json import parse_json
from tasks.asking import ask
from tasks.fetch import MAX_BODY_BYTES
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

_slots = threading.BoundedSemaphore(MAX_AT_ONCE)


class TrialsBusy(Exception):
    """As many trials are under way as the web process bears."""

    def __init__(self) -> None:
        super().__init__(f"{MAX_AT_ONCE} trials are under way already. Try again in a few seconds.")


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
    """Ask the target once, as a worker would. Raises TrialsBusy."""
    if not _slots.acquire(blocking=False):
        raise TrialsBusy
    try:
        request = Request(draft.method, draft.url, draft.headers, draft.body)
        policy = draft.policy
        total = min(policy.attempt_timeout, MAX_SECONDS)
        exchange = ask(request, timeout=Timeouts(total, policy.connect_timeout, policy.read_timeout))
        return Trial(exchange, judge(exchange, draft.rule), draft.rule, policy)
    finally:
        _slots.release()


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
