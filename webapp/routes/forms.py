"""The form on the home page: what was typed, the drafts in it, and everything that is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from webapp.routes.policy_form import FINE_FIELDS
from webapp.routes.submitting import current_limits, host_ceiling
from webapp.scans import templates
from webapp.scans.draft import Draft, checked_url, parse_options
from webapp.scans.errors import InvalidField
from webapp.scans.host_limits import HOST_FIELDS, NO_LIMITS, HostLimits, parse_host_limits
from webapp.scans.request_grammar import check_url
from webapp.scans.retry_policy import POLICY_FIELDS
from webapp.scans.rules.shorthand import RULE_FIELDS
from webapp.scans.sealing import SealBroken

OPTION_FIELDS: Final = ("method", "headers", "body", *POLICY_FIELDS, *RULE_FIELDS)
#: An answer that was pasted to try the rule on; it is no part of a scan.
ANSWER_FIELDS: Final = ("answer_status", "answer_headers", "answer_body")
#: The template that was chosen, and the one whose options stand in the fields already.
CHOICE_FIELDS: Final = ("template", "filled")
#: Bad lines that the page explains one by one.
MAX_EXPLAINED: Final = 50
#: What lists of choices send when nobody has chosen.
USUAL_CHOICES: Final = ("GET", "fixed", "none", "yes", "all")
_SHOWN_LENGTH: Final = 160


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no URL; ``number`` counts from 1, blank lines included."""

    number: int
    text: str
    problem: str
    cure: str


@dataclass(frozen=True, slots=True)
class ScanForm:
    """What a person typed, and what is to be said about it."""

    values: Mapping[str, str] = field(default_factory=dict)
    drafts: tuple[Draft, ...] = ()
    bad_lines: tuple[BadLine, ...] = ()
    errors: Mapping[str, InvalidField] = field(default_factory=dict)
    good_count: int = 0
    host_limits: HostLimits = NO_LIMITS
    #: What became of a pasted command.
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Self:
        """Check all of it, so that one answer can name all that is wrong."""
        values = typed_values(given)
        options, errors = read_options(values)
        host_limits, host_errors = _read_host_limits(values)
        errors |= host_errors
        urls, bad_lines = _read_lines(values["urls"])
        if not urls and not bad_lines:
            errors["urls"] = InvalidField("urls", "the box is empty", "Paste a URL such as https://example.com/export.")
        elif len(urls) > (most := current_limits().batch):
            problem = f"the box holds {len(urls):,} URLs, more than {most:,}"
            errors["urls"] = InvalidField("urls", problem, "Scan them in several parts.")
        drafts = () if errors else tuple(Draft(url=url, **options) for url in urls)
        return cls(values, drafts, tuple(bad_lines), errors, len(urls), host_limits)

    @property
    def explained(self) -> tuple[BadLine, ...]:
        return self.bad_lines[:MAX_EXPLAINED]

    @property
    def has_options(self) -> bool:
        """Whether there is something in the options to be seen."""
        return self._shows_any(("name", "template", *OPTION_FIELDS, *HOST_FIELDS))

    @property
    def has_fine_options(self) -> bool:
        return self._shows_any(FINE_FIELDS)

    def _shows_any(self, names: Iterable[str]) -> bool:
        return any(
            self.values.get(name) and self.values[name] not in USUAL_CHOICES or name in self.errors for name in names
        )


def typed_values(given: Mapping[str, str]) -> dict[str, str]:
    """Every field as it came, empty where it is missing."""
    names = ("urls", "name", "body_breaks", *OPTION_FIELDS, *HOST_FIELDS, *ANSWER_FIELDS, *CHOICE_FIELDS)
    return {name: given.get(name, "") for name in names}


def read_options(values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, InvalidField]]:
    """The options parsed, or the error of each field that cannot be meant."""
    given = _typed(values)
    errors = {name: error for name in OPTION_FIELDS if (error := _error_of(name, given[name]))}
    if errors:
        return {}, errors
    try:
        return parse_options(_with_template(values, given) if values.get("template") else given), {}
    except InvalidField as error:
        return {}, {error.field: error}


def _typed(values: Mapping[str, str]) -> dict[str, Any]:
    # Browsers send line breaks as CRLF, whatever was typed; a pasted body may mean them.
    body = values.get("body", "").replace("\r\n", "\n")
    if values.get("body_breaks") == "crlf":
        body = body.replace("\n", "\r\n")
    return {name: values.get(name, "").strip() for name in OPTION_FIELDS} | {"body": body}


def _with_template(values: Mapping[str, str], typed: dict[str, Any]) -> dict[str, Any]:
    """Of a template that filled the fields only its headers are still to come. Raises InvalidField."""
    template = templates.find_template(values["template"])
    try:
        if values.get("filled") == str(template.id):
            return {**typed, "headers": templates.apply(template, {"headers": typed["headers"]})["headers"]}
        # A list of choices sends its first word, chosen or not.
        chosen = {name: value for name, value in typed.items() if name == "method" or value not in USUAL_CHOICES}
        return templates.apply(template, chosen)
    except SealBroken as error:
        raise InvalidField("template", f"cannot be used: {error}", "Give it its headers again.") from error


def _read_host_limits(values: Mapping[str, str]) -> tuple[HostLimits, dict[str, InvalidField]]:
    try:
        return parse_host_limits({name: values[name].strip() for name in HOST_FIELDS}, host_ceiling()), {}
    except InvalidField as error:
        return NO_LIMITS, {error.field: error}


def _error_of(name: str, value: str) -> InvalidField | None:
    try:
        parse_options({name: value})
    except InvalidField as error:
        # What is wrong with the fields together is told of one that may be sound by itself.
        return error if error.field == name else None
    return None


def _read_lines(text: str) -> tuple[list[str], list[BadLine]]:
    urls: list[str] = []
    bad: list[BadLine] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            urls.append(checked_url(line))
        except InvalidField as error:
            bad.append(_bad_line(number, line.strip(), error.problem))
    return urls, bad


def _bad_line(number: int, text: str, problem: str) -> BadLine:
    if text.startswith("curl "):
        problem, cure = "is a command, not a URL", "Paste commands without addresses beside them."
    elif "://" not in text and "." in text and not check_url(f"https://{text}"):
        cure = f"Write https://{_shown(text)}"
    elif len(text.split()) > 1:
        cure = "Put each URL on a line of its own."
    else:
        cure = "Mend it, or take it out."
    return BadLine(number, _shown(text), problem, cure)


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
