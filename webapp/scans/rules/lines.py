"""A condition as a person types it on one line: ``status 404``, ``job.state == "done"``, ``header X-State: ready``."""

import json
import re
from typing import Any, Final, NoReturn

from webapp.scans.errors import InvalidField
from webapp.scans.rules.operators import Operator

_CURE: Final = 'Write status 404, header X-State: done, body matches done, or a JSON path such as state == "done".'
_JSON_CURE: Final = 'Write a path, an operator and a value, such as job.state == "done" or items exists.'
_VALUE_CURE: Final = 'Put texts in quotes, as in state == "done"; one comparison a line.'
_STATUS: Final = re.compile(r"status\s+(?:==\s*)?((?:(?:[<>]=?\s*)?\d{3}(?:\s*-\s*\d{3})?|[1-5]xx)(?:[\s,]+|$))+", re.I)
_HEADER: Final = re.compile(r"header\s+([^\s:]+)\s*(?::\s*(.*))?", re.I)
_BODY: Final = re.compile(r"body\s+matches\s+(.+)", re.I)
#: Quoted parts are stepped over, brackets are counted, and the first operator outside of them parts path from value.
_TOKEN: Final = re.compile(
    r"""(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|(?P<open>[(\[{])|(?P<close>[)\]}])"""
    r"""|(?P<joined>&&|\|\|)|(?P<op>==|!=|<=|>=|<|>|(?<=\s)(?:contains|matches|exists)(?=\s|$))"""
)
_BARE_WORD: Final = re.compile(r"[^\W\d][\w.:/@+-]*")


def read_line(text: str, *, of: str) -> dict[str, Any]:
    """Any condition, as an object; raises InvalidField, named ``of``."""
    line = text.strip()
    if (given := _object(line)) is not None:
        return given
    if line.startswith("not "):
        return {"not": read_line(line[4:], of=of)}
    if _STATUS.fullmatch(line):
        return {"status": re.sub(r"^status\s+(==\s*)?", "", line, flags=re.I)}
    if found := _HEADER.fullmatch(line):
        return {"header": _header(found[1], found[2])}
    if found := _BODY.fullmatch(line):
        return {"body_regex": _unquoted(found[1])}
    if line.startswith("json "):
        line = line[5:].strip()
    return _json(line, of, _CURE)


def read_header_line(text: str, *, of: str) -> dict[str, Any]:
    """``Name: pattern``, or the name alone where it is enough that the header is there."""
    line = text.strip()
    if (given := _object(line)) is not None:
        return given if given.keys() & {"header", "not"} else {"header": given}
    if line.startswith("not "):
        return {"not": read_header_line(line[4:], of=of)}
    name, _, pattern = line.partition(":")
    return {"header": _header(name.strip(), pattern.strip())}


def read_json_line(text: str, *, of: str) -> dict[str, Any]:
    line = text.strip()
    if (given := _object(line)) is not None:
        return given if given.keys() & {"json", "not"} else {"json": given}
    if line.startswith("not "):
        return {"not": read_json_line(line[4:], of=of)}
    return _json(line, of, _JSON_CURE)


def _object(line: str) -> dict[str, Any] | None:
    """A condition that was typed, or filled in, as the API has it."""
    if not (line.startswith("{") and line.endswith("}")):
        return None
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _header(name: str, pattern: str | None) -> dict[str, str]:
    return {"name": name} | ({"matches": pattern.strip()} if pattern and pattern.strip() else {})


def _json(line: str, of: str, cure: str) -> dict[str, Any]:
    path, operator, rest = _split(line, of, cure)
    if not path:
        raise InvalidField(of, f"{_cut(line)} has no path before {operator}", _JSON_CURE)
    if operator is Operator.EXISTS:
        if rest:
            raise InvalidField(of, f"{_cut(line)} goes on after exists", "Put each condition on a line of its own.")
        return {"json": {"path": path, "op": operator.value}}
    if not rest:
        raise InvalidField(of, f"{_cut(line)} has no value after {operator}", _JSON_CURE)
    value = _unquoted(rest) if operator is Operator.MATCHES else _value(rest, line, of)
    return {"json": {"path": path, "op": operator.value, "value": value}}


def _split(line: str, of: str, cure: str) -> tuple[str, Operator, str]:
    depth = 0
    for token in _TOKEN.finditer(line):
        if token["open"] or token["close"]:
            depth += 1 if token["open"] else -1
        elif depth == 0 and token["joined"]:
            words = f"{_cut(line)} joins conditions with {token['joined']} at character {token.start() + 1}"
            raise InvalidField(of, words, "Put each on a line of its own, or all of it in brackets.")
        elif depth == 0 and token["op"]:
            return line[: token.start()].strip(), Operator(token["op"]), line[token.end() :].strip()
    raise InvalidField(of, f"{_cut(line)} has no operator ({' '.join(Operator)})", cure)


def _value(text: str, line: str, of: str) -> Any:
    if text[0] == text[-1] == "'" and len(text) > 1:
        return text[1:-1].replace("\\'", "'")
    if text[0] == text[-1] == "`" and len(text) > 1:
        text = text[1:-1].strip()
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        if _BARE_WORD.fullmatch(text):
            return text
    where = line.rfind(text) + 1
    raise InvalidField(of, f"{_cut(text)} at character {where} is no JSON value", _VALUE_CURE)


def _unquoted(text: str) -> str:
    """A pattern may stand in quotes, as texts do elsewhere."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            return text
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _cut(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")
