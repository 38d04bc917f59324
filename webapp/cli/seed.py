"""`tilldone seed`: fills the database with made-up scans, to see how Tilldone does at size."""

import time

import click
from sqlalchemy import select

from webapp.app import create_app
from webapp.cli.migrate import migrate_database
from webapp.cli.refused import Refused
from webapp.database import db
from webapp.scans.models import Scan
from webapp.scans.seeding import seed as sow
from webapp.settings import Settings


@click.command()
@click.argument("scans", type=click.IntRange(1, 10_000_000), default=100_000)
@click.option("--attempts", type=click.FloatRange(2, 10), default=5.0, show_default=True, help="Of a scan, on average.")
@click.option("--add", "is_adding", is_flag=True, help="Although there are scans already.")
def seed(scans: int, attempts: float, is_adding: bool) -> None:
    """Fill the database with SCANS made-up scans of the past month (100,000 unless given).

    Their hosts end in .example, which nobody owns; those that wait are due in days.
    """
    settings = Settings.from_env()
    migrate_database(settings)
    with create_app(settings).app_context():
        if not is_adding and db.session.scalar(select(Scan.id).limit(1)):
            raise Refused("There are scans already, and made-up ones cannot be told from them; --add adds them anyway.")
        db.session.remove()
        started = time.monotonic()
        sow(scans, attempts_each=attempts, progress=_show)
        click.echo(f"\n{scans:,} scans in {time.monotonic() - started:.0f} s")
        db.engine.dispose()


def _show(done: int, scans: int) -> None:
    click.echo(f"\r{done:,} of {scans:,}", nl=False)
