"""A process that changes and folds until it is killed: `python -m tests.scans.counting_entry`."""

import itertools

from tests.factories import GOOD, UNAVAILABLE, a_claim, a_scan, settle
from webapp.app import create_app
from webapp.scans import lifecycle
from webapp.scans.counts import fold_counts
from webapp.scans.draft import Draft
from webapp.settings import Settings


def main() -> None:
    with create_app(Settings.from_env()).app_context():
        for number in itertools.count(1):
            lifecycle.submit([Draft(url="https://target.example/")] * 5, batch_name="")
            settle(a_claim(a_scan()), GOOD)
            settle(a_claim(a_scan()), UNAVAILABLE)
            lifecycle.cancel(a_scan())
            fold_counts(20)
            lifecycle.purge(1, keep_seconds=0)
            print(f"round {number}", flush=True)


main()
