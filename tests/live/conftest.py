"""What several tests of the stream ask for."""

from collections.abc import Iterator

import pytest
import redis


@pytest.fixture
def news(redis_url: str) -> Iterator[redis.Redis]:
    """To publish by, as a worker does."""
    with redis.Redis.from_url(redis_url) as client:
        yield client
