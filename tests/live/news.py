"""News of scans for the tests of the stream, made as the product makes it."""

import select
import time
import uuid
from collections.abc import Iterator

import redis

from webapp.live.events import CHANNEL, encode
from webapp.live.frames import Frame, read_event
from webapp.live.subscription import Subscription
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
        held_why=None,
    )


def tell(client: redis.Redis, *changes: Change) -> None:
    """In one go, so that they reach a hub together."""
    with client.pipeline(transaction=False) as pipeline:
        for change in changes:
            pipeline.publish(CHANNEL, encode(change))
        pipeline.execute()


def frames_of(*scans: tuple[uuid.UUID, int]) -> dict[str, Frame]:
    """News of scans in these revisions, as a tick delivers it."""
    frames = (read_event(encode(a_change(scan_id, revision=revision)), revision) for scan_id, revision in scans)
    return {frame.about: frame for frame in frames}


def messages(subscription: Subscription) -> Iterator[bytes]:
    """As they come; raises AssertionError when none does for long."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        select.select([subscription], [], [], 1)
        for message in subscription.receive():
            deadline = time.monotonic() + 10
            yield message
    raise AssertionError("no further message came")
