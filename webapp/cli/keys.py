"""Keys for HEADER_KEYS: make one, and seal everything anew with it."""

from typing import Final

import click

from webapp.app import create_app
from webapp.cli.refused import Refused
from webapp.local_keys import make_fernet_key
from webapp.scans import lifecycle
from webapp.settings import Settings

_STEP: Final = 500


@click.command()
def key() -> None:
    """Print a new key for HEADER_KEYS."""
    click.echo(make_fernet_key())


@click.command("rotate-keys")
def rotate_keys() -> None:
    """Seal all stored headers and bodies, those of templates too, anew with the first of HEADER_KEYS.

    To retire a key: put the new one before it, restart everything, run this, then take the old one out.
    """
    settings = Settings.from_env()
    if not settings.header_keys:
        raise Refused("HEADER_KEYS: there is no key; `tilldone key` makes one.")
    count = broken = 0
    last = None
    with create_app(settings).app_context():
        while True:
            step = lifecycle.reseal(last, _STEP)
            if step.last is None:
                break
            count, broken, last = count + step.renewed, broken + step.broken, step.last
        step = lifecycle.reseal_templates()
        count, broken = count + step.renewed, broken + step.broken
    click.echo(f"{count:,} sealed anew.")
    if broken:
        raise Refused(
            f"HEADER_KEYS: {broken:,} cannot be opened with any of the keys; put back the one that is missing."
        )
