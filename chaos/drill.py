"""The drill from start to end: start a stack, submit and kill by the plan, wait for the scans, judge."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from chaos import evidence
from chaos.crowd import Crowd
from chaos.killer import Killer
from chaos.outages import StoreWatch
from chaos.plan import Kind, Plan, steps
from chaos.report import Report
from chaos.stack import Stack, home_folder
from chaos.target import Target
from webapp.app import create_app
from webapp.auth import tokens
from webapp.auth.rights import Scope
from webapp.cli.migrate import migrate_database
from webapp.cli.refused import Refused
from webapp.database import db

_TICK_SECONDS: Final = 0.1
_PROGRESS_SECONDS: Final = 3.0
#: How long to look for a good victim before just anybody is taken.
_VICTIM_SECONDS: Final = 10.0
#: What woke up last needs a moment to be fenced off, and to say so.
_LAST_WORDS_SECONDS: Final = 1.0


class Drill:
    """One run; needs an app context."""

    def __init__(self, plan: Plan, stack: Stack, killer: Killer, crowd: Crowd, watch: StoreWatch) -> None:
        self._plan, self._stack, self._killer, self._crowd, self._watch = plan, stack, killer, crowd, watch
        self._started = time.monotonic()
        self._next_progress = 0.0

    def run(self) -> Report:
        for step in steps(self._plan):
            self._crowd.submit(step.scans)
            self._pass(step.seconds)
            if step.kind is not None:
                self._strike(step.kind)
        self._wait_for_the_end()
        return self._report()

    def _strike(self, kind: Kind) -> None:
        patience = time.monotonic() + _VICTIM_SECONDS
        while not self._killer.has_victim(kind) and time.monotonic() < patience:
            self._pass(_TICK_SECONDS)
        self._killer.strike(kind)

    def _wait_for_the_end(self) -> None:
        deadline = time.monotonic() + self._plan.limit_seconds
        while not (self._killer.is_done and evidence.count_active() == 0):
            if time.monotonic() > deadline:
                return
            self._pass(_TICK_SECONDS * 3)
        self._pass(_LAST_WORDS_SECONDS)

    def _pass(self, seconds: float) -> None:
        """Let time go by, and see to what is to be done meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._tell()
            time.sleep(_TICK_SECONDS)

    def _tell(self) -> None:
        if time.monotonic() < self._next_progress:
            return
        self._next_progress = time.monotonic() + _PROGRESS_SECONDS
        seconds = time.monotonic() - self._started
        active = evidence.count_active()
        counts = (
            f"accepted {len(self._crowd.accepted)}, active {'?' if active is None else active}, "
            f"kills {len(self._killer.kills)}"
        )
        print(f"{seconds:4.0f} s  {counts}", file=sys.stderr, flush=True)

    def _report(self) -> Report:
        return Report(
            accepted=self._crowd.accepted,
            fates=evidence.read_fates(self._crowd.sorts),
            kills=list(self._killer.kills),
            outages=self._watch.outages,
            max_crashes=self._stack.settings.max_crashes,
            fenced=self._stack.count_lines("fenced off"),
            needless=self._stack.count_lines("nothing to do scan="),
            restarts=sum(process.starts - 1 for process in self._stack.processes if process.starts),
            seconds=time.monotonic() - self._started,
        )


def drill(plan: Plan) -> Report:
    """Run it; nothing is left of it afterwards but the rows in a database that was given."""
    with home_folder(plan) as home, _running(plan, home) as run:
        return run.run()


@contextmanager
def _running(plan: Plan, home: Path) -> Iterator[Drill]:
    with ExitStack() as cleanup:
        stack = Stack(plan, home)
        cleanup.callback(stack.stop)
        stack.start_stores()
        migrate_database(stack.settings)
        app = create_app(stack.settings)
        cleanup.enter_context(app.app_context())
        cleanup.callback(lambda: db.engine.dispose())
        if evidence.count_scans():
            raise Refused("DATABASE_URL: this database has scans in it; give the drill an empty one.")
        killer = Killer(stack, plan)
        target = Target(killer.poison)
        cleanup.callback(target.stop)
        killer.target_port = target.port
        stack.start_services()
        watch = StoreWatch(stack.readiness)
        cleanup.enter_context(_caretaker(stack, killer, watch))
        token = tokens.create_token("drill", Scope.SUBMIT, user_id=None, days=1)
        yield Drill(plan, stack, killer, Crowd(plan, target, stack.address, token), watch)


@contextmanager
def _caretaker(stack: Stack, killer: Killer, watch: StoreWatch) -> Iterator[None]:
    """Wakes the frozen and starts what has ended, in a thread of its own: the drill itself may wait for a database
    whose write lock a frozen worker holds."""
    is_over = threading.Event()

    def care() -> None:
        while not is_over.wait(_TICK_SECONDS):
            killer.tick()
            watch.look()
            stack.revive()

    thread = threading.Thread(target=care, name="caretaker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
