"""`python -m webapp.cli`: the command where the project itself is not installed, as on a platform."""

from webapp.cli import main

main(prog_name="tilldone")
