"""How long ended scans are kept, in words, for the places where one would look for those that are gone."""

from flask import Flask, current_app

from webapp.settings import Settings


def init_app(app: Flask) -> None:
    app.jinja_env.globals["KEPT"] = _days(app)


def gone_words() -> str:
    """What may have become of a scan that is not found."""
    kept = _days(current_app)
    return f" Scans are kept for {kept} after their end." if kept else ""


def _days(app: Flask) -> str:
    """``30 days``; empty when all are kept."""
    settings: Settings = app.extensions["tilldone.settings"]
    return f"{settings.keep_days:g} day{'' if settings.keep_days == 1 else 's'}" if settings.keep_days else ""
