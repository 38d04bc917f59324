"""What a drill does, as its options say; the same seed makes the same plan."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: A wave of scans is submitted, and after about so many seconds somebody is killed.
_PACE_SECONDS: Final = 2.0
_QUICK_PACE_SECONDS: Final = 1.0


class Kind(StrEnum):
    """What may happen to a process."""

    CHILD = "child"
    WORKER = "worker"
    BEAT = "beat"
    VALKEY = "valkey"
    FREEZE = "freeze"
    REDEPLOY = "redeploy"
    #: Not planned: the answer of a poisonous target.
    POISON = "poison"


PLANNED: Final = tuple(kind for kind in Kind if kind is not Kind.POISON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The options of a drill."""

    scans: int
    kills: int
    seed: int
    workers: int
    pool: str
    concurrency: int
    lease_seconds: float
    #: How long to wait, after the last kill, for the scans that have not ended: those are lost then.
    limit_seconds: float
    is_quick: bool
    #: Leave the folder, with logs and database, to be looked at.
    is_kept: bool
    database_url: str | None
    broker_url: str | None
    without: frozenset[str]


@dataclass(frozen=True, slots=True)
class Step:
    """Submit so many scans, and so long after it kill."""

    scans: int
    seconds: float
    kind: Kind | None


def steps(plan: Plan) -> list[Step]:
    """All scans and kills of the plan, in their order."""
    chance = random.Random(f"steps {plan.seed}")
    kinds: list[Kind | None] = list(_kinds(plan, chance)) or [None]
    pace = _QUICK_PACE_SECONDS if plan.is_quick else _PACE_SECONDS
    sizes = _spread(plan.scans, len(kinds))
    return [Step(size, pace * chance.uniform(0.5, 1.5), kind) for size, kind in zip(sizes, kinds, strict=True)]


def _kinds(plan: Plan, chance: random.Random) -> Sequence[Kind]:
    """Each kind once before any comes again; a beat that is left out is not there to be killed."""
    possible = [kind for kind in PLANNED if not (kind is Kind.BEAT and "due" in plan.without)]
    chosen: list[Kind] = []
    while len(chosen) < plan.kills:
        chosen += chance.sample(possible, len(possible))
    return chosen[: plan.kills]


def _spread(total: int, parts: int) -> list[int]:
    """Nearly equal whole numbers."""
    return [total * (part + 1) // parts - total * part // parts for part in range(parts)]
