"""API tokens from the command line, against the same database as the server."""

import click

from webapp.auth import tokens
from webapp.auth.audit import note
from webapp.auth.errors import AuthError
from webapp.auth.rights import Scope
from webapp.auth.tokens import MAX_DAYS
from webapp.cli.refused import Refused
from webapp.cli.stores import database
from webapp.settings import Settings


@click.group()
def token() -> None:
    """Make, list and revoke the API tokens that programs send."""


@token.command()
@click.argument("name")
@click.option("--scope", type=click.Choice([scope.value for scope in Scope]), default="submit", show_default=True)
@click.option("--days", type=click.IntRange(1, MAX_DAYS), help="How long it is good; for ever otherwise.")
def create(name: str, scope: str, days: int | None) -> None:
    """Make a token and print it, and nothing else. It is shown this once."""
    with database(Settings.from_env()):
        try:
            made = tokens.create_token(name, Scope(scope), user_id=None, days=days)
        except AuthError as error:
            raise Refused(str(error)) from error
        note("token made", by="command line", token=name, scope=scope, days=days)
    click.echo(made)


@token.command(name="list")
def list_() -> None:
    """What tokens there are, by their beginning; the tokens themselves are not kept."""
    with database(Settings.from_env()):
        for made, owner in tokens.list_tokens():
            until = f"until {made.expires_at:%Y-%m-%d}" if made.expires_at else "for ever"
            used = f"used {made.used_at:%Y-%m-%d}" if made.used_at else "never used"
            click.echo(f"{made.beginning}…  {made.scope:6}  {until:16}  {used:15}  {owner or '-'}  {made.name}")


@token.command()
@click.argument("beginning")
def revoke(beginning: str) -> None:
    """Revoke the token that begins so, as `token list` shows it."""
    with database(Settings.from_env()):
        found = [made.id for made, _ in tokens.list_tokens() if made.beginning == beginning.rstrip("….")]
        if len(found) != 1:
            raise Refused(f"{len(found) or 'no'} tokens begin so; see `tilldone token list`.")
        tokens.revoke_token(found[0])
        note("token revoked", by="command line", token=found[0])
