"""What a verdict costs beside parsing the body that it judges, which no judge can do without."""

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from webapp.scans.exchange import Exchange
from webapp.scans.rules import DEFAULT_RULE, Rule, judge
from webapp.scans.rules.shorthand import read_rule

ROUNDS, CALLS = 41, 200

_PLAIN = ['job.state == "done"', "job.progress >= 100", "items[-1].size > 0", "job.id matches ^[0-9a-f-]+$"]
_COMPUTED = ["length(items) >= 40", "items[?state == 'failed'] | length(@) == 0", *_PLAIN[:2]]


def run() -> None:
    body = _body()
    exchange = Exchange(
        "https://target.example/", 200, body=body, content_type="application/json", json=json.loads(body)
    )
    rules = {
        "the default rule": DEFAULT_RULE,
        "5 conditions, plain paths": _rule(expect_status="2xx", expect_json=_PLAIN),
        "5 conditions, also of the body": _rule(
            expect_status="2xx", expect_body_regex="done", expect_json=_PLAIN[:2], fail_when='job.state == "failed"'
        ),
        "5 conditions, two over all items": _rule(expect_status="2xx", expect_json=_COMPUTED),
    }
    for rule in rules.values():
        assert judge(exchange, rule).error is None
    floor, *costs = _microseconds(
        lambda: json.loads(body), *(partial(judge, exchange, rule) for rule in rules.values())
    )
    print(f"\nJudge: a JSON of {len(body) / 1000:.1f} kB, whose json.loads takes {floor:.1f} us (aim 100)")
    for name, cost in zip(rules, costs, strict=True):
        print(f"  {name:34} {cost:7.1f} us   {cost / floor:5.2f} x json.loads")


def _rule(**given: Any) -> Rule:
    rule = read_rule(given)
    assert rule is not None
    return rule


def _body() -> bytes:
    items = [
        {"id": f"item-{n}", "state": "done", "size": n * 1000 + 1, "tags": ["a", "b"], "note": "x" * 90}
        for n in range(60)
    ]
    return json.dumps({"job": {"id": "17-af", "state": "done", "progress": 100}, "items": items}).encode()


def _microseconds(*functions: Callable[[], object]) -> list[float]:
    """The median round of each; they take turns, so that all meet the same machine."""
    rounds: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, took in zip(functions, rounds, strict=True):
            started = time.perf_counter()
            for _ in range(CALLS):
                function()
            took.append((time.perf_counter() - started) / CALLS * 1e6)
    return [statistics.median(took) for took in rounds]
