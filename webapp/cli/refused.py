"""The one way in which a command says that it cannot do its work."""

from typing import IO, Any

import click


class Refused(click.ClickException):
    """Raised for what the caller can mend: one line on stderr (what, why, what to do), exit 1, no traceback."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"tilldone: {self.format_message()}", file=file, err=True)


def first_line(error: BaseException) -> str:
    """What another's error says, short enough to stand in a line of ours."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(". ")
