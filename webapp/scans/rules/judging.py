"""What is a good answer: an exchange and a rule in, a verdict out; pure."""

from collections.abc import Sequence

from webapp.scans.exchange import Exchange, Failure
from webapp.scans.rules.budget import Budget
from webapp.scans.rules.conditions import Row
from webapp.scans.rules.groups import are_met
from webapp.scans.rules.rule import DEFAULT_RULE, Clause, Rule
from webapp.scans.rules.subject import Subject
from webapp.scans.rules.verdict import Condition, Decision, Verdict
from webapp.scans.states import ErrorCode, Outcome

_MAX_ERROR_LENGTH = 400


def judge(exchange: Exchange, rule: Rule = DEFAULT_RULE) -> Verdict:
    """The first clause that matches decides; nothing matched, or no answer came: not yet."""
    if exchange.failure is not None:
        return _failed(exchange.failure)
    subject = Subject(exchange, Budget())
    conditions: list[Condition] = []
    unmet: Row | None = None
    for clause in rule.clauses:
        rows = clause.test.find(subject)
        conditions += (_condition(row, clause) for row in rows)
        if _matches(rows, clause):
            return _matched(clause, rows, exchange, tuple(conditions))
        if clause.then is Decision.SUCCESS:
            unmet = unmet or next(row for row in rows if row.level == 0 and row.is_met is not True)
    return _not_yet(unmet, exchange, tuple(conditions))


def _failed(failure: Failure) -> Verdict:
    decision = Decision.FAILURE if failure.is_permanent else Decision.RETRY
    return Verdict(decision, failure.outcome, (), failure.code, failure.message)


def _condition(row: Row, clause: Clause) -> Condition:
    return Condition(row.name, row.expected, row.actual, row.is_met is True, clause.then, row.level)


def _matches(rows: Sequence[Row], clause: Clause) -> bool:
    """A test that has nothing to say of an answer speaks against no success, and for nothing else."""
    return are_met(rows) is True if rows else clause.then is Decision.SUCCESS


def _matched(clause: Clause, rows: Sequence[Row], exchange: Exchange, conditions: tuple[Condition, ...]) -> Verdict:
    if clause.then is Decision.SUCCESS:
        return Verdict(Decision.SUCCESS, Outcome.SUCCEEDED, conditions)
    why = f"{rows[0].expected}, got {rows[0].actual}"
    if clause.then is Decision.FAILURE:
        words = _sentence(f"A failure condition is met: {why}")
        return Verdict(Decision.FAILURE, Outcome.FAILED, conditions, ErrorCode.FAIL_WHEN, words)
    return Verdict(Decision.RETRY, Outcome.NOT_MET, conditions, ErrorCode.NOT_YET, _sentence(f"Not yet: {why}"))


def _not_yet(unmet: Row | None, exchange: Exchange, conditions: tuple[Condition, ...]) -> Verdict:
    if unmet is None:
        return Verdict(Decision.RETRY, Outcome.NOT_MET, conditions, ErrorCode.NOT_YET, "Not yet.")
    if unmet.code is ErrorCode.HTTP_STATUS:
        words = f"The server answered {exchange.status} {exchange.reason}".rstrip() + "."
        return Verdict(Decision.RETRY, Outcome.HTTP_ERROR, conditions, unmet.code, words)
    words = unmet.sentence if unmet.code is ErrorCode.BAD_RESPONSE and unmet.complaint else f"not yet: {unmet.sentence}"
    return Verdict(Decision.RETRY, Outcome.NOT_MET, conditions, unmet.code, _sentence(words))


def _sentence(text: str) -> str:
    cut = text if len(text) <= _MAX_ERROR_LENGTH else text[: _MAX_ERROR_LENGTH - 1] + "…"
    return f"{cut[:1].upper()}{cut[1:]}."
