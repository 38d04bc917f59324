"""The product's own entry, logging one thing more: wake-ups that found nothing to do, so that they can be counted."""

import logging
import os

from chaos.unguarded import take_out_the_claim
from wsgi import app, celery

logging.getLogger("tasks.scan").setLevel(logging.DEBUG)
if os.environ.get("TILLDONE_DRILL_WITHOUT_CLAIM"):
    take_out_the_claim()

__all__ = ["app", "celery"]
