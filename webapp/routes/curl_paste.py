"""A pasted curl command, or several that differ in their addresses alone, as what the form would hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from webapp.routes.curl_command import CurlCommand, read_command
from webapp.routes.shell_words import refuse, split_commands
from webapp.scans.draft import MAX_BODY_BYTES, METHODS

_CURL: Final = re.compile(r"\s*(?:[$>%]\s+)?curl(?:\.exe)?(?:\s|\Z)")
_PROMPT: Final = re.compile(r"^\s*[$>%]\s+(?=curl\b)", re.MULTILINE)
_OTHER: Final = re.compile(r"\s*(?:\$session\b|Invoke-WebRequest\b|fetch\()")
#: A range or a list in an address, for which curl would make several.
_GLOB: Final = re.compile(r"\[(?:\d+-\d+|[A-Za-z]-[A-Za-z])(?::\d+)?\]|\{[^{}]*,[^{}]*\}")
_MAX_LENGTH: Final = 4 * 1024 * 1024
_NOT_TEXT: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Paste:
    """``fields`` are those of the form that the command speaks of; ``notes`` say what became of the rest."""

    fields: Mapping[str, str]
    notes: tuple[str, ...]


def is_curl(text: str) -> bool:
    """Whether this is a command and not addresses; also one of another kind, which is told apart then."""
    return bool(_CURL.match(text) or _OTHER.match(text))


def read_paste(text: str) -> Paste:
    """Raises InvalidField, for the box, with what is wrong and what to do; it repeats no value of what was pasted."""
    if _OTHER.match(text):
        refuse("is a command of another kind", "In the browser choose Copy as cURL.")
    if len(text) > _MAX_LENGTH:
        refuse(f"is longer than {_MAX_LENGTH // 1024 // 1024} MiB", "Put the body under Options.")
    commands = [_command(words) for words in _split(text)]
    if not commands:
        refuse("holds no command", "Copy the whole curl command, and paste it again.")
    first = commands[0]
    for other in commands[1:]:
        if part := _difference(first, other):
            words = f"holds {len(commands)} commands that differ in their {part}"
            refuse(words, "Paste those that ask alike; or send all of them to the API as `scans`.")
    urls = [url for command in commands for url in command.urls]
    if not urls:
        refuse("is a command without an address", "Copy the whole command again.")
    return Paste(_fields(first, urls), tuple(_notes(commands)))


def _split(text: str) -> list[list[str]]:
    found: list[list[str]] = []
    for words in split_commands(_PROMPT.sub("", text)):
        if words[0] not in ("curl", "curl.exe"):
            refuse("goes on with something that is no curl command", "Put an address that has & or ; in it in quotes.")
        part: list[str] = []
        for word in words[1:]:
            if word in ("--next", "-:"):
                found.append(part)
                part = []
            else:
                part.append(word)
        found.append(part)
    return found


def _command(words: list[str]) -> CurlCommand:
    if any(_NOT_TEXT.search(word) for word in words):
        refuse("holds what is no text", "Tilldone sends bodies of text; use another way for this one.")
    command = read_command(words)
    if command.method not in METHODS:
        refuse("asks by a method that is not known here", f"Known are {', '.join(METHODS)}.")
    if any("\r" in text or "\n" in text for text in (*command.urls, *command.headers, *command.headers.values())):
        refuse("has a line break in its address or in a header", "No server takes that: take it out, and paste again.")
    if "globoff" not in command.switches and any(_GLOB.search(url) for url in command.urls):
        refuse("has an address with a range or a list in it", "Write out the addresses, one a line.")
    if len((command.body or "").encode()) > MAX_BODY_BYTES:
        refuse(f"has a body of more than {MAX_BODY_BYTES // 1024} KiB", "Send a smaller one.")
    if _breaks(command.body or "") is None:
        refuse("has a body with line breaks of several kinds", "Send it by the API: a form cannot hold them.")
    return command


def _breaks(body: str) -> str | None:
    """The one kind of line breaks in it, ``lf`` if there are none; a form sends all of one kind."""
    is_crlf = "\r\n" in body
    rest = body.replace("\r\n", "")
    if "\r" in rest or (is_crlf and "\n" in rest):
        return None
    return "crlf" if is_crlf else "lf"


def _difference(one: CurlCommand, other: CurlCommand) -> str | None:
    for part in ("method", "headers", "body", "policy"):
        if getattr(one, part) != getattr(other, part):
            return {"policy": "waits", "method": "methods", "body": "bodies"}.get(part, part)
    return None


def _fields(command: CurlCommand, urls: list[str]) -> dict[str, str]:
    body = command.body or ""
    return {
        "urls": "\n".join(urls),
        "method": command.method,
        "headers": "\n".join(f"{name}: {value}" for name, value in command.headers.items()),
        "body": body.replace("\r\n", "\n"),
        "body_breaks": _breaks(body) or "lf",
        **command.policy,
    }


def _notes(commands: list[CurlCommand]) -> list[str]:
    source = f"{len(commands):,} curl commands" if len(commands) > 1 else "your curl command"
    notes = [f"Filled in from {source}: look it over, then press Scan."]
    if left_out := sorted({name.lower() for command in commands for name in command.left_out}):
        notes.append(f"Left out, because Tilldone sets them itself: {', '.join(left_out)}.")
    if _breaks(commands[0].body or "") == "crlf":
        notes.append("The line breaks of the body are sent as CR LF, as in the command.")
    return notes
