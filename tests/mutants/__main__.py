"""Runs the mutants two at a time, each in a fork that has loaded all but our own code; says which nobody noticed.

The limit on time is one that no honest run comes near."""

import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from tests.mutants.register import MUTANTS, Mutant

ROOT: Final = Path(__file__).parents[2]
AT_ONCE: Final = 2
LIMIT_SECONDS: Final = 60
_LIBRARIES: Final = (
    *("celery", "click", "cryptography", "flask", "flask_limiter", "flask_sqlalchemy", "flask_wtf", "hypothesis"),
    *("idna", "jmespath", "kombu", "psutil", "psycopg", "re2", "redis", "requests", "sqlalchemy", "trustme", "alembic"),
)


class _Breaking(MetaPathFinder, Loader):
    """Loads one module from its changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.path = source_of(mutant)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self.mutant.module:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        source = self.path.read_text(encoding="utf-8").replace(self.mutant.old, self.mutant.new)
        exec(compile(source, str(self.path), "exec"), module.__dict__)


def source_of(mutant: Mutant) -> Path:
    return ROOT / f"{mutant.module.replace('.', '/')}.py"


def main(words: Sequence[str]) -> int:
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)]
    for library in _LIBRARIES:
        importlib.import_module(library)
    started = time.monotonic()
    survived = [mutant for mutant, is_killed in _run_all(list(chosen)) if not is_killed]
    print(f"{len(chosen) - len(survived)} of {len(chosen)} mutants killed in {time.monotonic() - started:.0f} s")
    return 1 if survived else 0


def _run_all(waiting: list[Mutant]) -> Iterator[tuple[Mutant, bool]]:
    running: dict[int, Mutant] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            mutant = waiting.pop(0)
            running[_start(mutant)] = mutant
        pid, status = os.wait()
        mutant = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        # A test that hangs for ever is noticed too.
        is_killed = code in (pytest.ExitCode.TESTS_FAILED, -signal.SIGALRM)
        print(f"{'killed' if is_killed else f'NOBODY NOTICED ({code})'}: {mutant.name} ({mutant.module})", flush=True)
        yield mutant, is_killed


def _start(mutant: Mutant) -> int:
    """Returns the process that runs the tests; its exit status is pytest's."""
    pid = os.fork()
    if pid:
        return pid
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1), os.dup2(quiet, 2)
    # The default action ends the process, whatever its threads wait for.
    signal.setitimer(signal.ITIMER_REAL, LIMIT_SECONDS)
    sys.meta_path.insert(0, _Breaking(mutant))
    # Who is ended by the limit stops no database that it started.
    without_stores = ("-k", "not database")
    status = pytest.main([*mutant.tests, *without_stores, "-x", "-q", "-n0", "-p", "no:cacheprovider", "--timeout=0"])
    os._exit(status)


sys.exit(main(sys.argv[1:]))
