"""Starts the commands of a Procfile through honcho, relays what they say, and ends them all together."""

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from webapp.cli import guard
from webapp.cli.command import Command

#: What is kept of a process' output, to be shown should it die.
TAIL_LINES: Final = 12
#: In all less than five seconds, even when nobody listens: first everybody else, then who was needed until then.
_STOP_SECONDS: Final = 3.0
_LAST_STOP_SECONDS: Final = 0.8
_KILL_SECONDS: Final = 0.3


class Supervisor:
    """Runs processes, each in a group of its own, until they are stopped; a guard stops them if we are killed.

    honcho's Manager is not used, since it ends all processes at the same moment, and Valkey must outlive the worker,
    which hands its messages back.
    """

    def __init__(self, *, folder: Path, env: Mapping[str, str], names: Collection[str], held_file: int) -> None:
        self._folder, self._env = folder, dict(env)
        self._events: SimpleQueue[Message] = SimpleQueue()
        self._groups: dict[str, int | None] = {}
        self._all_groups: list[int] = []
        self._signals: dict[str, int] = {}
        self._tails: dict[str, deque[str]] = {}
        self._held: list[Message] | None = []
        self._printer = Printer(sys.stdout, time_format="", width=max(map(len, names)))
        self._colours = dict(zip(names, get_colours(), strict=False))
        self._guard = _start_guard(held_file)

    def start(self, name: str, command: str, *, quiet: bool = False) -> None:
        """Run the command; what it prints is relayed, unless it is quiet, once `relay` was called."""
        colour = None if quiet else self._colours.get(name)
        process = Command(command, name=name, colour=colour, env=self._env, folder=self._folder)
        self._groups[name] = None
        self._tails[name] = deque(maxlen=TAIL_LINES)
        threading.Thread(target=process.run, args=(self._events,), name=name, daemon=True).start()

    def tell(self, kind: str, text: str = "") -> None:
        """Add an event of the caller's own; safe in signal handlers and in other threads."""
        self._events.put(Message(type=kind, data=text, time=dt.datetime.now(), name=None, colour=None))

    def next_event(self, seconds: float | None = None) -> Message | None:
        """The next event: `line`, `start`, `stop` or the caller's own; None if there is none in time."""
        try:
            event = self._events.get(timeout=seconds)
        except Empty:
            return None
        if event.type == "line" and event.name:
            self._note_line(event)
        elif event.type == "start":
            self._note_start(event.name, event.data["pid"])
        elif event.type == "stop":
            self._groups.pop(event.name, None)
        return event

    def relay(self) -> None:
        """From now on print what the processes say, beginning with what they have said."""
        held, self._held = self._held or [], None
        for event in held:
            self._print(event)

    def tail(self, name: str) -> list[str]:
        return list(self._tails[name])

    def stop_all(self, *, last: str) -> None:
        """End all processes, `last` after the others, which need it until then."""
        self._stop(self._groups.keys() - {last}, _STOP_SECONDS)
        self._stop({last}, _LAST_STOP_SECONDS)
        _kill_groups(self._all_groups)
        self._guard.kill()
        self._guard.wait()

    def _stop(self, names: Collection[str], seconds: float) -> None:
        """Ask the processes to end, kill those that have not in time, or at once when an `interrupt` is told."""
        for name in names:
            self._signal(name, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while self._groups.keys() & names and (left := deadline - time.monotonic()) > 0:
            event = self.next_event(left)
            if event is not None and event.type == "interrupt":
                break
        self._kill(names)

    def _kill(self, names: Collection[str]) -> None:
        for name in names:
            self._signal(name, signal.SIGKILL)
        deadline = time.monotonic() + _KILL_SECONDS
        while self._groups.keys() & names and (left := deadline - time.monotonic()) > 0:
            self.next_event(left)

    def _signal(self, name: str, number: int) -> None:
        """The group may not be known yet: then the signal is sent as soon as it is."""
        self._signals[name] = number
        group = self._groups.get(name)
        if group is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)

    def _note_start(self, name: str, group: int) -> None:
        self._groups[name] = group
        self._all_groups.append(group)
        if self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(b"%d\n" % group)
                self._guard.stdin.flush()
        if name in self._signals:
            self._signal(name, self._signals[name])

    def _note_line(self, event: Message) -> None:
        self._tails[event.name].append(event.data.decode("utf-8", "replace").rstrip())
        if event.colour is None or event.name in self._signals:
            return
        if self._held is not None:
            self._held.append(event)
        else:
            self._print(event)

    def _print(self, event: Message) -> None:
        # The terminal may be gone before we are: that must not keep us from stopping everything.
        with contextlib.suppress(OSError):
            self._printer.write(event)


def _kill_groups(groups: list[int]) -> None:
    """The last resort: until nothing of them is left, or it takes too long."""
    deadline = time.monotonic() + _KILL_SECONDS
    while (groups := guard.signal_groups(groups, signal.SIGKILL)) and time.monotonic() < deadline:
        time.sleep(0.02)


def _start_guard(held_file: int) -> subprocess.Popen[bytes]:
    """The guard holds the lock's file too, so that nobody starts on this folder before it is done."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=[held_file],
    )
