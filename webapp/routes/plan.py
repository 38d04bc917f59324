"""A retry policy in plain words and numbers: what it would do, and for a scan what has come of it so far."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from webapp.routes.words import OUTCOMES, span
from webapp.scans.errors import InvalidField
from webapp.scans.lifecycle import chance_of
from webapp.scans.models import Attempt, Scan
from webapp.scans.retry_plan import Planned, RetryPlan, plan, plan_on
from webapp.scans.retry_policy import Backoff, GiveUp, Jitter, RetryPolicy
from webapp.scans.states import State

_BEFORE_UNIT: Final = re.compile(r"(?<=\d) (?=(?:ms|[dhms])\b)")
#: Steps that are shown at each end of the past and of what is to come; those between are counted.
_SHOWN_FIRST: Final = 4
_SHOWN_LAST: Final = 3


def plan_words(policy: RetryPolicy) -> str:
    """``Tries now, then every 15 s, at most 20 times; gives up after 1 h.`` and how long an attempt may take."""
    # No line may end between a number and its unit.
    return _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", _sentences(policy))


def plan_parts(policy: RetryPolicy | None, errors: Mapping[str, InvalidField]) -> dict[str, Any]:
    """What the templates of a plan ask for: of a policy that cannot be meant there is none."""
    if policy is None:
        return {"plan_errors": errors, "plan_words": None, "plan": None}
    return {"plan_errors": errors, "plan_words": plan_words(policy), "plan": PlanView.of(policy)}


@dataclass(frozen=True, slots=True)
class Step:
    """An attempt of the plan: ``kind`` is its outcome, or running, due or planned; ``when`` counts from the submit."""

    number: int
    kind: str
    when: str
    title: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """Steps in order, None where some are left out; ``summary`` says how many there can be, and when it gives up."""

    steps: tuple[Step | None, ...]
    summary: str

    @classmethod
    def of(cls, policy: RetryPolicy) -> "PlanView":
        """What it would do from now on."""
        planned = plan(policy)
        steps = [_planned_step(each, 0) for each in planned.attempts]
        steps[0] = Step(1, "due", "now", "The first one")
        return cls(_shortened(steps), _summary(planned, 0, policy))

    @classmethod
    def of_scan(
        cls,
        scan: Scan,
        attempts: Sequence[Attempt],
        *,
        policy: RetryPolicy | None = None,
        due_at: dt.datetime | None = None,
    ) -> "PlanView":
        """What it did, and what it will do: under its own policy, or under another one that moves the next attempt."""
        policy = policy or scan.policy
        past = [_past_step(attempt, scan) for attempt in attempts]
        rest = _rest(scan, policy, due_at or scan.due_at)
        if rest is None:
            return cls(_shortened(past), _ended(scan))
        coming = [_planned_step(each, scan.interruptions) for each in rest.attempts]
        coming[0] = _next_step(scan, rest.attempts[0])
        # The one under way is among those that may come.
        made = scan.attempt - (scan.state is State.RUNNING)
        return cls((*_shortened(past), *_shortened(coming)), _summary(rest, made, policy))


def _rest(scan: Scan, policy: RetryPolicy, due_at: dt.datetime | None) -> RetryPlan | None:
    starts_at = scan.attempt_started_at if scan.state is State.RUNNING else due_at
    if scan.state.is_terminal or starts_at is None:
        return None
    done = scan.attempt - scan.interruptions - (scan.state is State.RUNNING)
    starts = max(0.0, (starts_at - scan.created_at).total_seconds())
    return plan_on(policy, number=done + 1, starts=starts, chance=chance_of(scan.id))


def _past_step(attempt: Attempt, scan: Scan) -> Step:
    when = span((attempt.started_at - scan.created_at).total_seconds())
    return Step(attempt.number, attempt.outcome.value, when, OUTCOMES[attempt.outcome])


def _next_step(scan: Scan, first: Planned) -> Step:
    if scan.state is State.RUNNING:
        return Step(scan.attempt, "running", span(first.earliest), "Running now")
    return Step(scan.attempt + 1, "due", span(first.earliest), "Next")


def _planned_step(planned: Planned, interruptions: int) -> Step:
    earliest, latest = span(planned.earliest), span(planned.latest)
    when = earliest if earliest == latest else f"{earliest} to {latest}"
    return Step(planned.number + interruptions, "planned", when, "Planned, at the earliest")


def _shortened(steps: Sequence[Step]) -> tuple[Step | None, ...]:
    if len(steps) <= _SHOWN_FIRST + _SHOWN_LAST:
        return tuple(steps)
    return (*steps[:_SHOWN_FIRST], None, *steps[-_SHOWN_LAST:])


def _summary(rest: RetryPlan, made: int, policy: RetryPolicy) -> str:
    count = len(rest.attempts)
    after = f" after the {made:,} made" if made else ""
    requests = f"At most {count:,}{' more' if made else ''} request{'' if count == 1 else 's'}{after}"
    earliest, latest = span(rest.gives_up_earliest), span(rest.gives_up_latest)
    if rest.why is GiveUp.TIMED_OUT:
        end = f"gives up when the next attempt would come after the deadline of {span(policy.deadline)}"
    elif earliest == latest:
        end = f"gives up {earliest} after the submit"
    else:
        end = f"gives up between {earliest} and {latest} after the submit, the slower the answers the later"
    return _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", f"{requests}; {end}.")


def _ended(scan: Scan) -> str:
    lasted = span(((scan.finished_at or scan.created_at) - scan.created_at).total_seconds())
    return f"{scan.attempt:,} request{' was' if scan.attempt == 1 else 's were'} made, and it ended after {lasted}."


def _sentences(policy: RetryPolicy) -> str:
    longest = span(min(policy.attempt_timeout, policy.deadline))
    if policy.max_attempts == 1:
        return f"Tries once, for at most {longest}{_parts(policy)}."
    limits = f"at most {policy.max_attempts} times; gives up after {span(policy.deadline)}"
    words = f"Tries now, then {_waits(policy)}, {limits}. An attempt may take {longest}{_parts(policy)}."
    if not policy.retry_on.is_everything:
        words += f" Retries only {', '.join(policy.retry_on.words)}: anything else fails at once."
    return words if policy.respect_retry_after else f"{words} Does not heed Retry-After."


def _parts(policy: RetryPolicy) -> str:
    parts = [(policy.connect_timeout, "to connect"), (policy.read_timeout, "of silence")]
    words = [f"{span(seconds)} {what}" for seconds, what in parts if seconds is not None]
    return f" ({', '.join(words)})" if words else ""


def _waits(policy: RetryPolicy) -> str:
    match policy.jitter:
        case Jitter.DECORRELATED:
            base, most = span(policy.wait_bounds(1)[0]), span(policy.max_interval)
            return f"by chance after {base} to three times the wait before, {most} at most"
        case Jitter.FULL:
            return f"{_steady_waits(policy)} (each shorter by chance, down to none)"
        case Jitter.EQUAL:
            return f"{_steady_waits(policy)} (each up to half shorter by chance)"
        case Jitter.NONE:
            return _steady_waits(policy)


def _steady_waits(policy: RetryPolicy) -> str:
    if policy.backoff is Backoff.FIXED:
        return f"every {span(policy.initial_interval)}" if policy.initial_interval else "again at once"
    waits = [policy.wait_after(attempt) for attempt in range(1, policy.max_attempts)]
    shown = list(dict.fromkeys(waits))
    if policy.backoff is Backoff.SCHEDULE:
        return _listed(policy.schedule[: policy.max_attempts - 1], len(waits))
    if len(shown) == 1:
        return f"every {span(shown[0])}"
    if len(shown) <= 3:
        return f"after {', '.join(map(span, shown))}"
    return f"after {', '.join(map(span, shown[:3]))} … up to {span(shown[-1])}"


def _listed(waits: Sequence[float], count: int) -> str:
    shown = ", ".join(map(span, waits if len(waits) <= 6 else waits[:5]))
    if len(waits) > 6:
        shown += f" … {span(waits[-1])}"
    return f"after {shown}" if count <= len(waits) else f"after {shown}, then every {span(waits[-1])}"
