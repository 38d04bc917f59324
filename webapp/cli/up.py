"""`tilldone up`: everything on this machine with one command, and nothing left of it afterwards."""

import hashlib
import os
import secrets
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Final

import click
from honcho.environ import parse_procfile
from honcho.printer import Message

from webapp import exposure
from webapp.cli import ROOT
from webapp.cli.announcement import announce, watch_readiness
from webapp.cli.preflight import Gate, check_port, closed_gate, hold
from webapp.cli.revival import Revival
from webapp.cli.supervisor import Supervisor
from webapp.reach import Profile
from webapp.settings import Settings

VALKEY: Final = "valkey"
PREPARE: Final = "prepare"
#: The processes of Procfile.dev that not every setting needs.
_NEEDED_IF: Final[dict[str, Callable[[Settings], bool]]] = {
    VALKEY: lambda settings: settings.is_redis_embedded,
    "hub": lambda settings: settings.hub_socket is not None,
}
#: Told to web and worker, which plan their own end by it.
_GRACE_SECONDS: Final = 5


@click.command()
def up() -> None:
    """Start web, worker, beat and, unless REDIS_URL is set, an embedded Valkey; Ctrl+C stops them."""
    settings = Settings.from_env()
    with hold(settings.home) as lock, closed_gate(settings.home) as gate:
        check_port(settings.host, settings.port)
        commands = commands_of(settings)
        login_secrets = [secrets.token_urlsafe(32) for _ in range(2)]
        env = _environment(settings, gate, login_secrets)
        supervisor = Supervisor(folder=ROOT, env=env, names=commands, held_file=lock)
        _listen_for_signals(supervisor)
        click.echo("Starting Tilldone; Ctrl+C stops it.")
        try:
            status = _run(supervisor, commands, gate, settings, login_secrets)
        finally:
            supervisor.stop_all(last=VALKEY)
    sys.exit(status)


def _listen_for_signals(supervisor: Supervisor) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup the end of the terminal is not ours.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: supervisor.tell("interrupt"))


def _run(
    supervisor: Supervisor, commands: dict[str, str], gate: Gate, settings: Settings, login_secrets: Sequence[str]
) -> int:
    """Returns when all is to end, with the exit status.

    All start at once, as each spends its first second importing; worker and beat then wait at the gate until the
    stores are prepared, and nothing is relayed until then, for without its stores each would complain in its own way.
    """
    supervisor.start(PREPARE, f"exec {shlex.quote(sys.executable)} -m webapp.cli prepare", quiet=True)
    for name, command in commands.items():
        _start(supervisor, name, command)
    revival, is_ready = Revival(), False
    while True:
        event = supervisor.next_event()
        if event is None or event.type == "interrupt":
            return 0
        if event.type == "stop" and event.name != PREPARE and is_ready and revival.is_worth_it(event.name):
            click.echo(f"tilldone: {event.name} {_how(event)}, and is started again.", err=True)
            _start(supervisor, event.name, commands[event.name])
        elif event.type == "stop" and (event.name != PREPARE or event.data["returncode"]):
            _report_death(supervisor, event)
            return 1
        elif event.type == "stop":
            gate.open()
            supervisor.relay()
            watch_readiness(supervisor, settings)
        elif event.type == "ready":
            is_ready = True
            announce(settings, login_secrets)
        elif event.type == "late":
            click.echo(event.data)


def _start(supervisor: Supervisor, name: str, command: str) -> None:
    # Valkey warns about kernel settings that matter to no one here.
    supervisor.start(name, command, quiet=name == VALKEY)


def _report_death(supervisor: Supervisor, event: Message) -> None:
    """`prepare` ends with a line for people; of the others tell which one it was, and what it said last."""
    if event.name != PREPARE:
        said = " It said last:" if supervisor.tail(event.name) else " It said nothing."
        click.echo(f"tilldone: {event.name} {_how(event)}, so everything is stopped.{said}", err=True)
    for line in supervisor.tail(event.name):
        click.echo(line if event.name == PREPARE else f"  {line}", err=True)


def _how(event: Message) -> str:
    code = event.data["returncode"]
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def commands_of(settings: Settings) -> dict[str, str]:
    """Those of Procfile.dev that these settings need."""
    processes = parse_procfile((ROOT / "Procfile.dev").read_text(encoding="utf-8")).processes
    needless = {name for name, is_needed in _NEEDED_IF.items() if not is_needed(settings)}
    return {name: command for name, command in processes.items() if name not in needless}


def _environment(settings: Settings, gate: Gate, login_secrets: Sequence[str]) -> dict[str, str]:
    """What we were given, with what we made of it said outright, so that all processes see the same."""
    fingerprints = (hashlib.sha256(secret.encode()).hexdigest() for secret in login_secrets)
    return os.environ | {
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        "TILLDONE_GATE": str(gate.path),
        "TILLDONE_HOME": str(settings.home),
        "TILLDONE_LOGIN_LINKS": " ".join(fingerprints),
        "HOST": settings.host,
        "PORT": str(settings.port),
        "SCAN_PROFILE": os.environ.get("SCAN_PROFILE") or profile_of(settings),
        "WORKER_POOL": settings.worker_pool,
        "WORKER_CONCURRENCY": str(settings.worker_concurrency),
        # Short, because people wait for Ctrl+C: a scan that is cut off is rescued by the next start.
        "GRACE_SECONDS": str(_GRACE_SECONDS),
    }


def profile_of(settings: Settings) -> Profile:
    """Where nobody but who sits here can reach it, scans may go where that person could go."""
    is_at_home = exposure.is_loopback(settings.host) and not exposure.platform(os.environ)
    return Profile.LOCAL if is_at_home else Profile.PUBLIC
