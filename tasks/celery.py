"""The Celery app: unconfigured until create_app configures it, so that `import tasks` needs no settings."""

from typing import Any, Final

from celery import Celery, Task
from flask import Flask

from tasks.broker import QUEUE, Broker, broker_of
from webapp.settings import Settings

#: The scanner task's name, for those who send it without importing it.
SCAN_TASK: Final = "tilldone.scan"


class FlaskCelery(Celery):
    """Celery that knows the Flask app whose settings and database its tasks use."""

    flask_app: Flask
    broker: Broker


class ContextTask(Task):
    """A task that runs inside the Flask app's context, which is where the database session lives."""

    abstract = True
    Request = "tasks.request:ScanRequest"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with self.app.flask_app.app_context():
            return self.run(*args, **kwargs)


celery = FlaskCelery("tilldone", task_cls=ContextTask)


def configure(app: Flask, settings: Settings) -> None:
    """Hand the Flask app and its settings to Celery."""
    celery.flask_app = app
    # A process may be wired more than once, as the tests' is: pools that are left belong to the broker before.
    celery._after_fork()
    celery.__dict__.pop("amqp", None)
    celery.broker = broker_of(settings)
    celery.conf.update(
        broker_url=settings.broker_url,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_serializer="json",
        accept_content=["json"],
        result_accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue=QUEUE,
        worker_prefetch_multiplier=1,
        worker_consumer="tasks.consumer:Consumer",
        worker_concurrency=settings.worker_concurrency,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        # The claim makes a second run harmless, so a blip of the broker need not kill what runs.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_soft_shutdown_timeout=max(1.0, settings.grace_seconds - 4),
        imports=("tasks.scan", "tasks.progress", "tasks.presence", "tasks.boot", "tasks.stopping"),
        beat_scheduler="tasks.due:DueScheduler",
        **celery.broker.conf,
    )
