"""Brings the database's schema to its newest revision."""

import click
from sqlalchemy.exc import DBAPIError

from webapp.app import create_app
from webapp.cli.refused import Refused, first_line
from webapp.cli.stores import cannot_use
from webapp.migrate import upgrade
from webapp.settings import Settings


@click.command()
def migrate() -> None:
    """Bring the database's schema to its newest revision."""
    migrate_database(Settings.from_env())


def migrate_database(settings: Settings) -> None:
    """Does nothing when the schema is up to date; raises Refused when the database cannot be used."""
    try:
        upgrade(create_app(settings))
    except DBAPIError as error:
        raise Refused(cannot_use(settings, first_line(error.orig or error))) from error
