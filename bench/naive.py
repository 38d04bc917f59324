"""The peer: the task that one writes first. It runs once, keeps no row, tells nobody, and forgets its errors."""

import os

import requests
from celery import Celery

celery = Celery("naive", broker=os.environ.get("CELERY_BROKER_URL"))
celery.conf.update(task_ignore_result=True, task_default_queue="naive")


@celery.task
def scan(url: str) -> dict[str, object]:
    answer: dict[str, object] = requests.get(url, timeout=30).json()
    return answer
