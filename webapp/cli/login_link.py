"""A way in for whoever runs the server: a one-time link, without a password."""

import click

from webapp.auth import coming_in, links, users
from webapp.auth.audit import note
from webapp.auth.models import Purpose
from webapp.cli.addresses import site_url
from webapp.cli.refused import Refused
from webapp.cli.stores import database
from webapp.settings import Settings


@click.command(name="login-link")
@click.argument("name", default=users.ADMIN_NAME)
def login_link(name: str) -> None:
    """Print a link that signs NAME in, once, within 15 minutes; the admin if there is none of that name yet."""
    settings = Settings.from_env()
    with database(settings):
        if name == users.ADMIN_NAME:
            coming_in.ensure_admin()
        user = users.find_user(name)
        if user is None or user.disabled_at is not None:
            raise Refused(f"nobody called {name} may sign in; the page Users lists who may.")
        secret = links.create_link(Purpose.LOGIN, user.id)
        note("login link made", by="command line", user=user.name)
    click.echo(f"{site_url(settings)}/login?t={secret}")
