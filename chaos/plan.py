"""What a drill does, as its options say; the same seed makes the same plan."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from webapp.cli.refused import Refused


class Kind(StrEnum):
    """What may happen to a process."""

    CHILD = "child"
    WORKER = "worker"
    BEAT = "beat"
    WEB = "web"
    VALKEY = "valkey"
    #: All that Valkey knows is forgotten, as after a restart without its file.
    FLUSH = "flush"
    RABBITMQ = "rabbitmq"
    POSTGRES = "postgres"
    FREEZE = "freeze"
    #: One worker is told to stop, and killed when its grace is over.
    REDEPLOY = "redeploy"
    #: The same for all that is not a store, at the same moment: only if asked for, for nobody is left meanwhile.
    RELEASE = "release"
    #: Not planned: the answer of a poisonous target.
    POISON = "poison"


PLANNED: Final = tuple(kind for kind in Kind if kind is not Kind.POISON)
#: What `--database` and `--broker` take for one of the drill's own, which is then killed like the others.
OWN_DATABASE: Final = "postgres"
OWN_BROKER: Final = "rabbitmq"


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
    #: A wave of scans is submitted, and after about so many seconds somebody is killed.
    pace_seconds: float
    #: Leave the folder, with logs and database, to be looked at.
    is_kept: bool
    database_url: str | None
    broker_url: str | None
    without: frozenset[str]
    #: The kinds of kills; all that are possible when none is named.
    only: frozenset[Kind]


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
    sizes = _spread(plan.scans, len(kinds))
    return [
        Step(size, plan.pace_seconds * chance.uniform(0.5, 1.5), kind) for size, kind in zip(sizes, kinds, strict=True)
    ]


def _kinds(plan: Plan, chance: random.Random) -> Sequence[Kind]:
    """Each kind once before any comes again; what is not there cannot be killed."""
    wanted = plan.only or frozenset(PLANNED) - {Kind.RELEASE}
    absent = {
        Kind.BEAT: "due" in plan.without,
        Kind.POSTGRES: plan.database_url != OWN_DATABASE,
        Kind.RABBITMQ: plan.broker_url != OWN_BROKER,
    }
    possible = [kind for kind in PLANNED if kind in wanted and not absent.get(kind)]
    if not possible and plan.kills:
        raise Refused(f"--only: nothing is left to kill; a kind of {', '.join(sorted(plan.only))} is not there.")
    chosen: list[Kind] = []
    while len(chosen) < plan.kills:
        chosen += chance.sample(possible, len(possible))
    return chosen[: plan.kills]


def _spread(total: int, parts: int) -> list[int]:
    """Nearly equal whole numbers."""
    return [total * (part + 1) // parts - total * part // parts for part in range(parts)]
