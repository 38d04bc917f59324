"""The `tilldone` command: its subcommands, each imported only when it is called."""

import importlib
import tomllib
from pathlib import Path
from typing import Any, Final

import click

from webapp.cli.refused import Refused
from webapp.settings import SettingsError

ROOT: Final = Path(__file__).resolve().parents[2]
#: A command's name and where it is; the ones that import the whole app must not slow down the others.
_COMMANDS: Final = {
    "up": "webapp.cli.up:up",
    "migrate": "webapp.cli.migrate:migrate",
    "prepare": "webapp.cli.prepare:prepare",
    "valkey": "webapp.cli.valkey:valkey",
    "key": "webapp.cli.keys:key",
    "rotate-keys": "webapp.cli.keys:rotate_keys",
    "seed": "webapp.cli.seed:seed",
    "hub": "webapp.cli.hub:hub",
    "chaos": "webapp.cli.chaos:chaos",
    "token": "webapp.cli.token:token",
    "login-link": "webapp.cli.login_link:login_link",
    "password": "webapp.cli.password:password",
    "doctor": "webapp.cli.doctor:doctor",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise Refused(str(error)) from error


def _print_version(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if not is_asked:
        return
    # Read here and not from the installed package: platforms install the requirements only.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    click.echo(f"tilldone {project['version']}")
    ctx.exit()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def main() -> None:
    """Hand over URLs; each scan keeps trying until its answer is good, and a live page shows it."""
