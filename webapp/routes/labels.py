"""What each field of a form is called: its label, and its name wherever a page speaks of it."""

from collections.abc import Mapping
from typing import Final

LABELS: Final[Mapping[str, str]] = {
    "urls": "URLs",
    "template": "Template",
    "name": "Name",
    "method": "Method",
    "headers": "Headers",
    "body": "Body",
    "initial_interval": "Wait between attempts",
    "backoff": "Waits",
    "max_interval": "Longest wait",
    "max_attempts": "Attempts at most",
    "deadline": "Give up after",
    "attempt_timeout": "Time for an attempt",
    "backoff_coefficient": "Each wait times",
    "schedule": "List of waits",
    "jitter": "Left to chance",
    "connect_timeout": "Time to connect",
    "read_timeout": "Longest silence",
    "retry_on": "Retry only on",
    "respect_retry_after": "Heed Retry-After",
    "retry_after_cap": "Retry-After at most",
    "host_concurrency": "At once per host",
    "host_starts_per_second": "Starts/s per host",
    "expect_status": "Status",
    "match": "Of what is expected",
    "expect_json": "Values in the JSON",
    "expect_header": "Headers of the answer",
    "expect_body_regex": "Body matches",
    "fail_when": "Give up at once when",
    "rule": "Or the whole rule, as JSON",
    "answer_status": "Its status",
    "answer_headers": "Its headers",
    "answer_body": "Its body",
}


def label(field: str) -> str:
    """Of one that no form has, its name as programs write it."""
    return LABELS.get(field, field)
