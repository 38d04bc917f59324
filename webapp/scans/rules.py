"""What is a good answer: an exchange in, a verdict out; pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from webapp.scans.exchange import MISSING, Exchange, Failure
from webapp.scans.states import ErrorCode, Outcome

#: The first status that is not a good one.
FIRST_BAD_STATUS: Final = 400


class Decision(StrEnum):
    """What follows from an answer."""

    SUCCESS = "success"
    FAILURE = "failure"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of the answer, with what it expected and what it got."""

    name: str
    expected: str
    actual: str
    is_met: bool

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an attempt ended, and why; ``error`` is a sentence for a person, None when the answer is good."""

    decision: Decision
    outcome: Outcome
    conditions: tuple[Condition, ...] = ()
    error_code: ErrorCode | None = None
    error: str | None = None


def judge(exchange: Exchange) -> Verdict:
    """The default rule: a status below 400 and, where the body is a JSON object with ``success``, that it is true."""
    if exchange.failure is not None:
        return _failed(exchange.failure)
    conditions = _conditions(exchange)
    unmet = next((condition for condition in conditions if not condition.is_met), None)
    if unmet is None:
        return Verdict(Decision.SUCCESS, Outcome.SUCCEEDED, conditions)
    return _not_good(exchange, conditions, unmet)


def _failed(failure: Failure) -> Verdict:
    decision = Decision.FAILURE if failure.is_permanent else Decision.RETRY
    return Verdict(decision, failure.outcome, (), failure.code, failure.message)


def _conditions(exchange: Exchange) -> tuple[Condition, ...]:
    status = exchange.status or 0
    conditions = [Condition("status", f"status < {FIRST_BAD_STATUS}", str(status), 0 < status < FIRST_BAD_STATUS)]
    if _promises_json(exchange) and exchange.json is MISSING:
        conditions.append(Condition("json", "a body that is valid JSON", "invalid JSON", False))
    if isinstance(exchange.json, Mapping) and "success" in exchange.json:
        success = exchange.json["success"]
        conditions.append(Condition("success", "success == true", _shown(success), success is True))
    return tuple(conditions)


def _promises_json(exchange: Exchange) -> bool:
    """A body that was cut cannot be parsed, and an empty one has nothing to say: both are judged by the status."""
    kind = exchange.content_type.partition(";")[0].strip().lower()
    is_json = kind == "application/json" or kind.endswith("+json")
    return is_json and bool(exchange.body) and not exchange.is_truncated


def _not_good(exchange: Exchange, conditions: tuple[Condition, ...], unmet: Condition) -> Verdict:
    if unmet.name == "status":
        words = f"The server answered {exchange.status} {exchange.reason}".rstrip() + "."
        return Verdict(Decision.RETRY, Outcome.HTTP_ERROR, conditions, ErrorCode.HTTP_STATUS, words)
    if unmet.name == "json":
        words = "The answer says that it is JSON, but it is not valid."
        return Verdict(Decision.RETRY, Outcome.NOT_MET, conditions, ErrorCode.BAD_RESPONSE, words)
    words = f"Not yet: success is {unmet.actual}, not true."
    return Verdict(Decision.RETRY, Outcome.NOT_MET, conditions, ErrorCode.NOT_YET, words)


def _shown(value: object) -> str:
    """As JSON would write it, cut to what fits a line; never a character that a database would not store."""
    if isinstance(value, Mapping | list):
        return "an object" if isinstance(value, Mapping) else "a list"
    if isinstance(value, str) and len(value) > 80:
        value = value[:79] + "…"
    text = json.dumps(value, ensure_ascii=False)
    if not text.isprintable():
        text = json.dumps(value)
    return text if len(text) <= 100 else text[:99] + "…"
