"""A policy in the fields of a form, and what is wrong with what was typed there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from webapp.scans.durations import write_duration
from webapp.scans.errors import InvalidField
from webapp.scans.policy_input import LIMITS, read_policy
from webapp.scans.retry_policy import POLICY_FIELDS, RetryPolicy

#: Those that a form folds away.
FINE_FIELDS: Final = (
    "backoff_coefficient",
    "schedule",
    "jitter",
    "connect_timeout",
    "read_timeout",
    "retry_on",
    "respect_retry_after",
    "retry_after_cap",
)
_PLAIN: Final = frozenset({"max_attempts", "backoff_coefficient"})


@dataclass(frozen=True, slots=True)
class PolicyForm:
    """What the fields hold, and the error of each that cannot be meant."""

    values: Mapping[str, str]
    errors: Mapping[str, InvalidField] = field(default_factory=dict)

    @classmethod
    def of(cls, policy: RetryPolicy) -> Self:
        return cls({name: _written(name, value) for name, value in policy.to_json().items()})

    @property
    def has_fine_options(self) -> bool:
        usual = PolicyForm.of(RetryPolicy()).values
        return any(self.values[name] != usual[name] or name in self.errors for name in FINE_FIELDS)


def read_fields(given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, InvalidField]]:
    """The fields of the policy as they came, empty where one is missing; and the error of each that is wrong."""
    fields = {name: given.get(name, "").strip() for name in POLICY_FIELDS}
    return fields, {name: error for name, value in fields.items() if (error := _error_of(name, value))}


def _error_of(name: str, value: str) -> InvalidField | None:
    try:
        read_policy({name: value})
    except InvalidField as error:
        # What is wrong with the fields together is told of one that may be sound by itself.
        return error if error.field == name and value else None
    return None


def _written(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(write_duration, value) if name == "schedule" else value)
    if name in _PLAIN or name not in LIMITS:
        return f"{value:g}" if isinstance(value, float) else str(value)
    return write_duration(value)
