"""The database for a command that works on it by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from webapp.app import create_app
from webapp.cli.refused import Refused, first_line
from webapp.database import db
from webapp.settings import Settings


@contextmanager
def database(settings: Settings) -> Iterator[Flask]:
    """The app in its context; raises Refused when the database cannot be used or has no schema yet."""
    app = create_app(settings)
    with app.app_context():
        try:
            yield app
        except DBAPIError as error:
            raise Refused(_words(error, settings)) from error
        finally:
            db.session.remove()
            db.engine.dispose()


def _words(error: DBAPIError, settings: Settings) -> str:
    reason = first_line(error.orig or error)
    if isinstance(error, ProgrammingError) or (isinstance(error, OperationalError) and "no such" in reason):
        return f"the database's schema is not up to date ({reason}); run `tilldone migrate` first."
    return cannot_use(settings, reason)


def cannot_use(settings: Settings, reason: str) -> str:
    shown = make_url(settings.database_url).render_as_string(hide_password=True)
    return f"DATABASE_URL: cannot use {shown} ({reason}); start that database or correct the address."
