"""The scans of a drill: fast, slow, failing twice, and poison that kills its worker each time."""

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from enum import StrEnum
from http.client import HTTPException
from typing import Final

from chaos.plan import Plan
from chaos.target import Target

#: Short waits, so that what fails twice is soon asked again; more attempts than any kill can use up.
RETRY_WAIT_SECONDS: Final = 1.0
_OPTIONS: Final = {"initial_interval": RETRY_WAIT_SECONDS, "max_attempts": 20, "attempt_timeout": 20}
_POISON_IN: Final = 100
_ANSWER_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.2


class Sort(StrEnum):
    """How a scan's target behaves; each is a path of the target."""

    FAST = "fast"
    SLOW = "slow"
    FLAKY = "flaky"
    POISON = "poison"


class Crowd:
    """Submits the plan's scans in waves through the API, as a program would, and knows which is of which sort.

    A wave that is not answered, because web was killed, is submitted again: it may then be there twice, and all of it
    must end. What was answered is ``accepted``: none of that may be lost.
    """

    def __init__(self, plan: Plan, target: Target, address: str, token: str) -> None:
        self.sorts: dict[str, Sort] = {}
        self.accepted: set[str] = set()
        self._target, self._address, self._token = target, address, token
        self._patience = plan.limit_seconds
        self._chance = random.Random(f"crowd {plan.seed}")
        self._left = _sorts(plan.scans, self._chance)

    def submit(self, count: int) -> None:
        """Submit the next wave until it is accepted; raises TimeoutError if web does not come back."""
        wave, self._left = self._left[:count], self._left[count:]
        urls = {self._url(sort, len(self.sorts) + index): sort for index, sort in enumerate(wave)}
        if not urls:
            return
        self.sorts |= urls
        gives_up_at = time.monotonic() + self._patience
        while not self._post(list(urls)):
            if time.monotonic() > gives_up_at:
                raise TimeoutError("web does not take scans")
            time.sleep(_PAUSE_SECONDS)
        self.accepted |= urls.keys()

    def _post(self, urls: list[str]) -> bool:
        body = json.dumps({"urls": urls, **_OPTIONS}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(f"{self._address}/api/v1/batches", body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as response:  # nosec B310
                return bool(json.load(response)["total"] == len(urls))
        except (OSError, HTTPException, urllib.error.HTTPError, ValueError):
            return False

    def _url(self, sort: Sort, number: int) -> str:
        seconds = f"{self._chance.uniform(0.3, 2.5):.2f}"
        return self._target.url(f"/slow/{seconds}/{number}" if sort is Sort.SLOW else f"/{sort}/{number}")


def _sorts(count: int, chance: random.Random) -> Sequence[Sort]:
    """Poison comes early, because it needs the longest: five workers, one after the other."""
    poison = [Sort.POISON] * min(count, max(1, count // _POISON_IN))
    others = chance.choices((Sort.FAST, Sort.SLOW, Sort.FLAKY), weights=(35, 40, 25), k=count - len(poison))
    early = poison + others[: len(poison) * 4]
    chance.shuffle(early)
    return early + others[len(poison) * 4 :]
