"""Makes the value of ADMIN_PASSWORD_HASH."""

import click

from webapp.auth import passwords
from webapp.auth.errors import AuthError
from webapp.auth.users import ADMIN_NAME
from webapp.cli.refused import Refused


@click.command()
@click.password_option(prompt="Password for admin", help="Better typed than given here, where others see it.")
def password(password: str) -> None:
    """Ask for a password, and print its hash for ADMIN_PASSWORD_HASH."""
    try:
        passwords.check(password, name=ADMIN_NAME)
        click.echo(passwords.hash_password(password))
    except AuthError as error:
        raise Refused(str(error)) from error
