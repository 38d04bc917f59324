"""The entry of every process: ``app`` for gunicorn, ``celery`` for the worker and beat."""

import logging
import sys

from tasks.celery import celery
from webapp import redaction
from webapp.app import create_app
from webapp.settings import Settings, SettingsError

try:
    settings = Settings.from_env()
except SettingsError as error:
    sys.exit(f"tilldone: {error}")

redaction.install()
logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
# Celery tells of each message that it came and went; the task's own line tells what came of it.
for name in ("celery.worker.strategy", "celery.app.trace"):
    logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
app = create_app(settings)

__all__ = ["app", "celery"]
