"""``python -m chaos``: the same as ``tilldone chaos``."""

from webapp.cli.chaos import chaos

chaos(prog_name="tilldone chaos")
