"""Celery's prefork pool, which takes notice of every child's death at once."""

from typing import Any, Final

from celery.concurrency import prefork
from celery.concurrency.asynpool import AsynPool

_LOOK_AGAIN_SECONDS: Final = 0.02
#: Afterwards Celery's own look comes, every five seconds.
_MOST_LOOKS: Final = 50


class Pool(AsynPool):
    """A child closes its files, by which its death is noticed, a moment before it can be waited for.

    Celery looks once, and who is not found dead then is found by its next regular look: up to five seconds later, in
    which neither the child is replaced nor its scan handed on. See https://github.com/celery/celery/issues/9588.
    """

    def _event_process_exit(self, hub: Any, proc: Any) -> None:
        super()._event_process_exit(hub, proc)
        self._look_again(hub, proc, _MOST_LOOKS)

    def _look_again(self, hub: Any, proc: Any, looks: int) -> None:
        if looks and proc in self._pool:
            hub.call_later(_LOOK_AGAIN_SECONDS, self._look, hub, proc, looks)

    def _look(self, hub: Any, proc: Any, looks: int) -> None:
        self.maintain_pool()
        self._look_again(hub, proc, looks - 1)


def use() -> None:
    """From now on prefork workers of this process have this pool."""
    prefork.TaskPool.Pool = Pool
