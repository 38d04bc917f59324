"""The JSON API of trials: ask a target once, or judge a pasted answer, and see what each condition says."""

from typing import Any, Final

from flask import Blueprint, Response, jsonify

from webapp.routes import problems
from webapp.routes.answer_view import text_of
from webapp.routes.api_templates import with_template
from webapp.routes.json_input import json_object
from webapp.routes.problems import problem
from webapp.routes.trial import Trial, TrialRefused, try_answer, try_target
from webapp.scans.draft import FIELDS, Draft, parse_options
from webapp.scans.errors import InvalidField

bp = Blueprint("api_try", __name__, url_prefix="/api/v1/try")
problems.register(bp)

#: So much of the body is told.
MAX_TOLD_BYTES: Final = 64 * 1024


@bp.post("")
def try_it() -> Response:
    given = json_object()
    answer = given.pop("answer", None)
    given = with_template(given)
    if answer is None:
        return jsonify(_trial_json(try_target(Draft.parse(given))))
    options = _options(given)
    return jsonify(_trial_json(try_answer(_answer(answer), options["rule"], options["policy"])))


@bp.errorhandler(TrialRefused)
def refused(error: TrialRefused) -> Response:
    response = problem(503, "No trial now", str(error))
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _answer(given: object) -> dict[str, Any]:
    if not isinstance(given, dict) or given.keys() - {"status", "headers", "body"}:
        cure = 'Give {"status": 200, "headers": {}, "body": "…"}.'
        raise InvalidField("answer", "is not an object of status, headers and body", cure)
    return given


def _options(given: dict[str, Any]) -> dict[str, Any]:
    if strange := next((name for name in given if name not in FIELDS), None):
        raise InvalidField(strange[:40], "is not an option of a scan", f"Known are {', '.join(sorted(FIELDS))}.")
    return parse_options(given)


def _trial_json(trial: Trial) -> dict[str, Any]:
    exchange, verdict = trial.exchange, trial.verdict
    return {
        "decision": trial.decision.value,
        "outcome": verdict.outcome.value,
        "error_code": verdict.error_code.value if verdict.error_code else None,
        "error": trial.error,
        "conditions": [condition.to_json() for condition in verdict.conditions],
        "rule": trial.rule.to_json(),
        "status": exchange.status,
        "reason": exchange.reason,
        "final_url": exchange.url if exchange.redirects else None,
        "headers": [list(pair) for pair in exchange.headers],
        "phases": {phase: round(milliseconds, 2) for phase, milliseconds in exchange.phases.items()},
        "size": len(exchange.body),
        "is_truncated": exchange.is_truncated,
        "body": text_of(exchange.body[:MAX_TOLD_BYTES]),
    }
