"""What the documents promise by the name of a test is tested."""

import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def test_every_test_that_the_retry_policy_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (_ROOT / "docs" / "retry-policy.md").read_text()))
    written = {
        name
        for path in (_ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }

    assert len(named) > 10
    assert named <= written, named - written
