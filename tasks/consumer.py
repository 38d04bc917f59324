"""Celery's consumer, back as soon as a broker is back, and without delay queues that nobody uses."""

from functools import partial
from typing import Any, Final

from celery.worker import consumer

#: Celery's own waits grow up to half a minute: so long would all scans wait after the broker is back.
_RECONNECT_SECONDS: Final = 1.0
#: Declared by Celery beside any quorum queue; see tasks.broker for why nothing rides on them.
_DELAY_QUEUES: Final = "celery.worker.consumer.delayed_delivery:DelayedDelivery"


class Consumer(consumer.Consumer):
    """Put in its place by the setting ``worker_consumer``."""

    class Blueprint(consumer.Consumer.Blueprint):
        default_steps = [step for step in consumer.Consumer.Blueprint.default_steps if step != _DELAY_QUEUES]

    def ensure_connected(self, conn: Any) -> Any:
        conn.ensure_connection = partial(conn.ensure_connection, interval_start=_RECONNECT_SECONDS, interval_step=0)
        return super().ensure_connected(conn)
