"""News of scans for the tests of the stream, made as the product makes it."""

import uuid

import redis

from webapp.live.events import CHANNEL, encode
from webapp.scans.change import Change
from webapp.scans.states import State


def a_change(
    scan_id: uuid.UUID | None = None,
    *,
    revision: int = 1,
    batch_id: uuid.UUID | None = None,
    state: State = State.RUNNING,
    error: str | None = None,
) -> Change:
    return Change(
        id=scan_id or uuid.uuid4(),
        batch_id=batch_id,
        revision=revision,
        state=state,
        attempt=1,
        max_attempts=20,
        attempt_timeout=30.0,
        interruptions=0,
        status=None,
        error_code=None,
        error=error,
        due_at=None,
        attempt_started_at=None,
        started_at=None,
        finished_at=None,
        held_since=None,
        held_until=None,
    )


def tell(client: redis.Redis, *changes: Change) -> None:
    """In one go, so that they reach a hub together."""
    with client.pipeline(transaction=False) as pipeline:
        for change in changes:
            pipeline.publish(CHANNEL, encode(change))
        pipeline.execute()
