"""What differs between the brokers that may carry the wake-ups, Redis (or Valkey) and RabbitMQ."""

from dataclasses import dataclass, field
from typing import Any, Final

from kombu.entity import Exchange, Queue
from redis import Redis

from tasks.limits import HARD_TIME_LIMIT
from webapp.live.redis_client import connect
from webapp.scans import lifecycle
from webapp.settings import Settings

QUEUE: Final = "tilldone"
_RETRY_QUEUE: Final = "tilldone.retries"
_CONNECT_SECONDS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """How to speak to it. Who has waited before goes before who is new: by ``retry_priority`` and ``new_priority`` in
    one queue, or in a queue of their own, ``retry_queue``.

    ``publish_retries``: how often a connection that rested, and may have been closed, is made anew for a message.
    """

    conf: dict[str, Any] = field(repr=False)
    retry_priority: int
    new_priority: int
    retry_queue: str
    #: Of retries that the broker may hold until they are due, in seconds; None where it holds none.
    longest_countdown: float | None
    publish_retries: int
    #: To see at once that it is away: kombu's own connection would first try for some six seconds.
    redis: Redis | None = field(default=None, repr=False)


def broker_of(settings: Settings) -> Broker:
    return _redis(settings) if settings.broker_url.startswith("redis") else _rabbitmq()


def _redis(settings: Settings) -> Broker:
    """Measured values: recovery comes from the lease, so Redis' own redelivery may be slow but must be safe."""
    options: dict[str, Any] = {
        # Above the hard limit: nothing renews it, and a message held longer is run a second time.
        "visibility_timeout": HARD_TIME_LIMIT + 60,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "health_check_interval": 10,
        "socket_timeout": 5,
        "max_connections": settings.worker_concurrency + 50,
        "priority_steps": [0, 5],
    }
    if not settings.broker_url.startswith("redis+socket"):
        options |= {"socket_connect_timeout": _CONNECT_SECONDS, "socket_keepalive": True}
    return Broker(
        conf={
            "broker_transport_options": options,
            "broker_connection_timeout": _CONNECT_SECONDS,
            "task_queues": None,
        },
        retry_priority=0,
        new_priority=5,
        retry_queue=QUEUE,
        longest_countdown=lifecycle.LONGEST_COUNTDOWN,
        publish_retries=0,
        # redis-py spells a socket in another way than kombu.
        redis=connect(settings.broker_url.replace("redis+socket://", "unix://", 1)),
    )


def _rabbitmq() -> Broker:
    """Quorum queues. Their consumers cannot raise their prefetch count, so a retry that a worker held until it is due
    would keep a slot from work; and Celery's delay queues are 28 more queues, exact to the second. So nothing rides
    on a countdown here: the scheduler sends each retry when it is due.

    No publisher confirms: each would be a round trip and a sync to disk, for a hint that may be lost.
    """
    return Broker(
        conf={
            "broker_transport_options": {},
            "broker_connection_timeout": _CONNECT_SECONDS,
            "task_queues": (_quorum(QUEUE), _quorum(_RETRY_QUEUE)),
        },
        # A quorum queue knows no priorities, or two levels of them since RabbitMQ 4: workers take from two in turn.
        retry_priority=0,
        new_priority=0,
        retry_queue=_RETRY_QUEUE,
        longest_countdown=None,
        # The server closes connections that rest, for the lack of heartbeats.
        publish_retries=1,
    )


def _quorum(name: str) -> Any:
    return Queue(name, exchange=Exchange(name), routing_key=name, queue_arguments={"x-queue-type": "quorum"})
