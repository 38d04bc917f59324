"""The collector has little to look through in a process that serves streams."""

import subprocess
import sys

#: What the collector looks through after the app was loaded, and how much was left to it.
LOOK = """
import gc
from webapp import app
from webapp.live.interpreter import keep_what_is_loaded
before = len(gc.get_objects())
keep_what_is_loaded()
print(before, len(gc.get_objects()))
"""


def test_what_a_process_has_loaded_is_not_looked_through_again() -> None:
    told = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True, timeout=60)

    before, after = map(int, told.stdout.split())
    assert before > 50_000 and after < 1_000
