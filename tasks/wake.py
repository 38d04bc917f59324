"""Publish wake-ups. The broker may be away: then the rows say so, and the scheduler sends them later."""

import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from amqp.exceptions import RecoverableConnectionError
from kombu.exceptions import KombuError, OperationalError
from kombu.messaging import Producer
from kombu.utils.uuid import uuid as new_message_id

from tasks.broker import QUEUE
from tasks.celery import SCAN_TASK, celery
from tasks.limits import limits_of
from webapp.live.publisher import publish
from webapp.scans import lifecycle
from webapp.scans.change import Change
from webapp.scans.lifecycle import WakeUp
from webapp.scans.states import State

log = logging.getLogger(__name__)

#: Messages that go to the broker in one round trip.
_BATCH_SIZE: Final = 1000
#: For a connection that others have lent; the pool has plenty.
_PATIENCE_SECONDS: Final = 5.0
#: For RabbitMQ's next byte, as Redis' connections have it in their options.
_ANSWER_SECONDS: Final = 5.0


def wake(wake_ups: Sequence[WakeUp]) -> bool:
    """Send them in as few round trips as can be; False when the broker took none or not all of them.

    Those of scans that were asked before go before new ones: after an outage there may be a crowd of these.
    """
    if not wake_ups:
        return True
    try:
        greet_broker()
        _publish(wake_ups)
    except _broker_errors() as error:
        log.warning("wake-ups not sent, the broker is away count=%d error=%s", len(wake_ups), type(error).__name__)
        lifecycle.forget_sent([wake_up.scan_id for wake_up in wake_ups])
        return False
    return True


def tell_and_wake(changes: Sequence[Change]) -> None:
    """For scans that were interrupted: publish where they stand, and wake before others those that are queued."""
    publish(changes)
    queued = [change for change in changes if change.state is State.QUEUED]
    wake([WakeUp.after(change) for change in queued])


def greet_broker() -> None:
    """Raise at once when a Redis is away: kombu's own connection would first try for some six seconds."""
    if celery.broker.redis is not None:
        celery.broker.redis.ping()


def backlog() -> int:
    """Wake-ups that wait in the broker for a worker; raises what the transport raises when it is away."""
    greet_broker()
    with celery.pool.acquire(block=True, timeout=_PATIENCE_SECONDS) as connection:
        count, _ = connection.autoretry(_count_queued, max_retries=1, interval_start=0)()
    return int(count)


def _count_queued(*, channel: Any) -> int:
    names = {QUEUE, celery.broker.retry_queue}
    with _impatient(channel):
        # Declared, if nobody has used them yet.
        return sum(int(celery.amqp.queues[name](channel).queue_declare().message_count) for name in names)


@contextmanager
def _impatient(channel: Any) -> Iterator[None]:
    """A RabbitMQ that keeps its connections and answers nobody, for lack of memory or frozen, would hold us for ever:
    kombu limits the time of connecting only, and py-amqp goes on reading past its own read_timeout."""
    if celery.broker.redis is not None:
        yield
        return
    connection = channel.connection
    sock = _socket_of(connection)
    sock.settimeout(_ANSWER_SECONDS)
    try:
        yield
    except TimeoutError as error:
        # It may have stopped within a frame: nobody can use it any more.
        connection.collect()
        # Not one to be retried: a new connection would wait as long.
        raise OperationalError("RabbitMQ answers nothing") from error
    finally:
        # Closed, if the connection was made anew in between.
        if sock.fileno() >= 0:
            sock.settimeout(None)


def _socket_of(connection: Any) -> socket.socket:
    """Raises what kombu makes a new connection for."""
    transport = None if connection is None else connection.transport
    if transport is None or transport.sock is None:
        raise RecoverableConnectionError("the connection was closed")
    found: socket.socket = transport.sock
    return found


def backlog_if_known() -> int | None:
    """The same for who only wants to show it: None when the broker is away."""
    try:
        greet_broker()
        return backlog()
    except _broker_errors() as error:
        log.debug("the broker cannot be asked error=%s", type(error).__name__)
        return None


def is_broker_reachable() -> bool:
    try:
        with celery.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=3)
            connection.channel().close()
    except _broker_errors():
        return False
    return True


def _publish(wake_ups: Sequence[WakeUp]) -> None:
    """What ``apply_async`` does, without working out anew for each message where it goes: three times as fast."""
    with celery.producer_pool.acquire(block=True, timeout=_PATIENCE_SECONDS) as producer:
        # A connection to RabbitMQ that rested may be closed, and is whenever a pool child was forked since, which shuts
        # what it inherited. Then it is made anew, and all are sent again: each is but a hint.
        send = producer.connection.ensure(producer, _send, max_retries=celery.broker.publish_retries, interval_start=0)
        for is_retry in (True, False):
            if chosen := [wake_up for wake_up in wake_ups if (wake_up.attempt > 1) is is_retry]:
                send(producer, chosen, is_retry=is_retry)


def _send(producer: Producer, wake_ups: Sequence[WakeUp], *, is_retry: bool) -> None:
    broker = celery.broker
    queue = celery.amqp.queues[broker.retry_queue if is_retry else QUEUE]
    priority = broker.retry_priority if is_retry else broker.new_priority
    options = {"queue": queue, "priority": priority, "declare": [], "serializer": "json", "retry": False}
    with _impatient(producer.channel):
        # Declared once, and not again with each message.
        producer.maybe_declare(queue)
        with producer.batch(max_size=_BATCH_SIZE):
            for wake_up in wake_ups:
                celery.amqp.send_task_message(producer, SCAN_TASK, _message(wake_up), **options)
        if broker.redis is None:
            # Messages go out unanswered: the answer to this shows that the broker is there, if not that it wrote them.
            _count_queued(channel=producer.channel)


def _message(wake_up: WakeUp) -> Any:
    limits = limits_of(wake_up.attempt_timeout)
    return celery.amqp.create_task_message(
        new_message_id(),
        SCAN_TASK,
        (str(wake_up.scan_id), wake_up.attempt),
        {},
        soft_time_limit=limits.soft,
        time_limit=limits.hard,
        # No repr of arguments: nobody reads them, and they take a tenth of the time.
        argsrepr="",
        kwargsrepr="",
        ignore_result=True,
    )


def _broker_errors() -> tuple[type[Exception], ...]:
    """All that says the broker is away: what this transport raises is not always a KombuError."""
    transport = celery.connection_for_write().transport
    return (KombuError, OSError, *transport.connection_errors, *transport.channel_errors)
