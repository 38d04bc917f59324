"""Runs a command of a Procfile and tells, as events, what it says and that it has ended."""

import datetime as dt
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from honcho.printer import Message
from honcho.process import Popen

from webapp.cli import guard

#: What was printed just before the end is in the pipe, and read in no time.
_LAST_WORDS_SECONDS: Final = 1.0


class Command:
    """Tells `start` with its pid, which is its group's too, `line`s, and `stop` with its status.

    honcho's Process takes the end of the output for the end of the process. But children inherit the output: a worker
    that is killed would be missed for as long as one of them lives, which may be a long attempt.
    """

    def __init__(self, line: str, *, name: str, colour: str | None, env: Mapping[str, str], folder: Path) -> None:
        self._line, self._env, self._folder = line, env, folder
        self._name, self._colour = name, colour

    def run(self, events: SimpleQueue[Message]) -> None:
        """Returns once the process and, for they hold its port and its scans, all its children have ended."""
        child = Popen(self._line, env=self._env, cwd=str(self._folder))
        self._tell(events, "start", {"pid": child.pid})
        reader = threading.Thread(target=self._relay, args=(child, events), name=f"{self._name}-output", daemon=True)
        reader.start()
        status = child.wait()
        guard.signal_groups([child.pid], signal.SIGKILL)
        reader.join(_LAST_WORDS_SECONDS)
        self._tell(events, "stop", {"returncode": status})

    def _relay(self, child: Popen, events: SimpleQueue[Message]) -> None:
        with child.stdout:
            for line in child.stdout:
                self._tell(events, "line", line)

    def _tell(self, events: SimpleQueue[Message], kind: str, data: Any) -> None:
        events.put(Message(type=kind, data=data, time=dt.datetime.now(), name=self._name, colour=self._colour))
