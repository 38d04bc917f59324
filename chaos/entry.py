"""The product's own entry, logging one thing more: wake-ups that found nothing to do, so that they can be counted."""

import logging

from wsgi import app, celery

logging.getLogger("tasks.scan").setLevel(logging.DEBUG)

__all__ = ["app", "celery"]
