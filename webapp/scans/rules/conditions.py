"""The tests that a rule is made of: each says in words what it expects, and of an answer what it got."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from webapp.scans.exchange import MISSING
from webapp.scans.rules.budget import TooMuchWork
from webapp.scans.rules.json_path import JsonPath, NoValue
from webapp.scans.rules.operators import Comparison, Operator, compare
from webapp.scans.rules.regexes import compile_regex
from webapp.scans.rules.showing import excerpt, shown_whole
from webapp.scans.rules.statuses import Statuses
from webapp.scans.rules.subject import Subject
from webapp.scans.states import ErrorCode

#: The first status that is not a good one.
FIRST_BAD_STATUS: Final = 400
_NOT_JSON: Final = "the answer says that it is JSON, but it is not valid"


class Row(NamedTuple):
    """A condition's part of a verdict; ``is_met`` is None where the answer lets nobody tell.

    ``code`` says what it means for the attempt when this is what was wrong.
    """

    name: str
    expected: str
    actual: str
    is_met: bool | None
    complaint: str = ""
    code: ErrorCode = ErrorCode.NOT_YET
    level: int = 0

    @property
    def sentence(self) -> str:
        """What to say where it is not as it should be."""
        return self.complaint or f"{self.expected}, got {self.actual}"


class Test(Protocol):
    """One test of an answer. It finds no rows where it has nothing to say of this answer."""

    @property
    def words(self) -> str: ...

    def find(self, subject: Subject) -> list[Row]: ...

    def to_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class StatusIs:
    statuses: Statuses

    @property
    def words(self) -> str:
        return self.statuses.words

    def find(self, subject: Subject) -> list[Row]:
        status = subject.exchange.status or 0
        code = ErrorCode.HTTP_STATUS if status >= FIRST_BAD_STATUS else ErrorCode.NOT_YET
        return [Row("status", self.words, str(status), status in self.statuses.numbers, code=code)]

    def to_json(self) -> dict[str, Any]:
        return {"status": self.statuses.text}


@dataclass(frozen=True, slots=True)
class HeaderIs:
    """``pattern`` is searched in each value of the header; None: it is enough that it is there."""

    name: str
    pattern: str | None

    @property
    def words(self) -> str:
        return f"header {self.name}" + (" exists" if self.pattern is None else f" matches {self.pattern}")

    def find(self, subject: Subject) -> list[Row]:
        values = subject.header_values(self.name)
        is_met = bool(values)
        if self.pattern is not None:
            regex = compile_regex(self.pattern, of="expect_header")
            is_met = any(regex.search(value.encode("utf-8", "replace")) for value in values)
        actual = excerpt(", ".join(values)) if values else "no such header"
        return [Row(f"header {self.name}", self.words, actual, is_met)]

    def to_json(self) -> dict[str, Any]:
        return {"header": {"name": self.name} | ({} if self.pattern is None else {"matches": self.pattern})}


@dataclass(frozen=True, slots=True)
class BodyMatches:
    pattern: str

    @property
    def words(self) -> str:
        return f"body matches {self.pattern}"

    def find(self, subject: Subject) -> list[Row]:
        found = compile_regex(self.pattern, of="expect_body_regex").search(subject.body_utf8)
        if found:
            actual = f"found {excerpt(found.group()[:400].decode('utf-8', 'replace')) or 'an empty text'}"
        else:
            actual = "not found" if subject.exchange.body else "an empty body"
        return [Row("body", self.words, actual, found is not None)]

    def to_json(self) -> dict[str, Any]:
        return {"body_regex": self.pattern}


@dataclass(frozen=True, slots=True)
class JsonIs:
    """``if_present``: an answer without the value is not judged by it."""

    path: JsonPath
    operator: Operator
    value: Any = None
    if_present: bool = False

    @property
    def words(self) -> str:
        return f"{self.expected} if it is there" if self.if_present else self.expected

    @property
    def expected(self) -> str:
        if self.operator is Operator.EXISTS:
            return f"{self.path.text} exists"
        wanted = self.value if self.operator is Operator.MATCHES else shown_whole(self.value)
        return f"{self.path.text} {self.operator} {wanted}"

    def find(self, subject: Subject) -> list[Row]:
        compared = self._compared(subject)
        if compared is None:
            return []
        got = compared.got
        says_is = self.operator is Operator.EQ and subject.json is not MISSING
        complaint = f"{self.path.text} is {got}, not {shown_whole(self.value)}" if says_is else ""
        code = ErrorCode.BAD_RESPONSE if subject.breaks_its_promise else ErrorCode.NOT_YET
        return [Row(self.path.text, self.expected, got, compared.is_met, complaint, code)]

    def _compared(self, subject: Subject) -> Comparison | None:
        document = subject.json
        try:
            value = MISSING if document is MISSING else self.path.value(document, subject.budget)
            if value is MISSING and self.if_present:
                return None
            if document is MISSING:
                return Comparison(None, "a body that is no JSON" if subject.exchange.body else "an empty body")
            return compare(value, self.operator, self.value, subject.budget)
        except NoValue as error:
            return Comparison(None, excerpt(str(error)))
        except TooMuchWork:
            return Comparison(None, "this answer is too large for such an expression")

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"path": self.path.text, "op": self.operator.value}
        if self.operator is not Operator.EXISTS:
            told["value"] = self.value
        return {"json": told | ({"if_present": True} if self.if_present else {})}


@dataclass(frozen=True, slots=True)
class JsonIsValid:
    """Where the answer says that it is JSON; told only where it is not."""

    @property
    def words(self) -> str:
        return "the body is JSON if it says so"

    def find(self, subject: Subject) -> list[Row]:
        if not subject.breaks_its_promise:
            return []
        return [Row("json", "a body that is valid JSON", "invalid JSON", False, _NOT_JSON, ErrorCode.BAD_RESPONSE)]

    def to_json(self) -> dict[str, Any]:
        return {"valid_json": True}
