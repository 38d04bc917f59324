"""Tell Redis what was committed; news is best effort, the row is the truth."""

import logging
from collections.abc import Sequence
from typing import Final

import redis
from flask import current_app

from webapp.live.events import CHANNEL, encode
from webapp.live.redis_client import get_redis
from webapp.scans.change import Change

log = logging.getLogger(__name__)

_PIPELINE_SIZE: Final = 1000


def publish(changes: Sequence[Change]) -> None:
    """Publish each change once; a page that misses one because Redis is away reads the row when it is back."""
    client = get_redis(current_app)
    try:
        if len(changes) == 1:
            # The worker's case: building a pipeline costs more than the command.
            client.publish(CHANNEL, encode(changes[0]))
            return
        for start in range(0, len(changes), _PIPELINE_SIZE):
            with client.pipeline(transaction=False) as pipeline:
                for change in changes[start : start + _PIPELINE_SIZE]:
                    pipeline.publish(CHANNEL, encode(change))
                pipeline.execute()
    except redis.RedisError as error:
        log.warning("news not published, Redis is away changes=%d error=%s", len(changes), type(error).__name__)
