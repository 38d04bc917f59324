"""A process of the drill that may be killed and started again; each start is a group of its own, writing to one log."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parent.parent
_STOP_SECONDS: Final = 3.0


class Process:
    """Starts when told to; ``argv`` is asked at each start, with the name of this start."""

    def __init__(
        self,
        name: str,
        argv: Callable[[str], Sequence[str]],
        *,
        env: Mapping[str, str],
        log_path: Path,
        groups: IO[str],
        user: str | None = None,
    ) -> None:
        self.name = name
        self.starts = 0
        self.died_at: float | None = None
        self.log_path = log_path
        self._argv, self._env, self._groups, self._user = argv, dict(env), groups, user
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def node(self) -> str:
        """The name of this start: no two starts share one, so an attempt's row tells which of them ran it."""
        return f"{self.name}.{self.starts}@drill"

    @property
    def pid(self) -> int:
        assert self._popen is not None
        return self._popen.pid

    def is_running(self) -> bool:
        if self._popen is None or self._popen.poll() is not None:
            self.died_at = self.died_at or time.monotonic()
            return False
        return True

    def start(self) -> None:
        self.starts += 1
        self.died_at = None
        with self.log_path.open("ab") as log:
            self._popen = subprocess.Popen(
                self._argv(self.node),
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
            )
        print(self._popen.pid, file=self._groups, flush=True)

    def signal_group(self, number: int) -> None:
        """To the process and all its children, as a platform does."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def kill(self) -> None:
        """As a crash of the whole container would."""
        self.signal_group(signal.SIGKILL)
        assert self._popen is not None
        self._popen.wait(_STOP_SECONDS)

    def has_printed(self, text: str) -> bool:
        return self.log_path.exists() and text in self.log_path.read_text(errors="replace")
