"""Waits for a database that is away for a moment, as one that restarts is: what is in hand is not thrown away."""

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

log = logging.getLogger(__name__)

Result = TypeVar("Result")

#: It cannot be reached, takes no writes for the time being, or all our connections to it are in use.
AWAY: Final[tuple[type[SQLAlchemyError], ...]] = (OperationalError, InterfaceError, InternalError, PoolTimeout)
#: A longer absence is left to the scheduler and the leases; Celery's soft limit may end the wait before.
PATIENCE_SECONDS: Final = 30.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 1.0


def patiently(action: Callable[[], Result], *, patience: float = PATIENCE_SECONDS) -> Result:
    """What the action returns; it is done again while the database cannot be reached, so it must be safe to repeat."""
    gives_up_at = time.monotonic() + patience
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return action()
        except AWAY as error:
            if time.monotonic() + pause > gives_up_at:
                raise
            log.warning("the database is away, trying again error=%s", type(error).__name__)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
