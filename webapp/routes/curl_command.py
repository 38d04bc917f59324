"""One curl command as the request that it makes: its words in, the fields of the form out."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from webapp.routes.curl_options import IGNORED, IGNORED_VALUED, SHORT, WHY_REFUSED, WITH_VALUE, WITHOUT_VALUE
from webapp.routes.shell_words import refuse

_DATA: Final = frozenset({"data", "data-raw", "data-ascii", "data-binary", "data-urlencode", "json"})
#: Headers that have an option of their own.
_HEADERS: Final = {"user-agent": "User-Agent", "referer": "Referer"}
#: What Tilldone keeps by itself, though curl has another name for it.
_POLICY: Final = {
    "max-time": "attempt_timeout",
    "connect-timeout": "connect_timeout",
    "retry-delay": "initial_interval",
    "retry-max-time": "deadline",
}
#: An exchange makes these itself.
_OURS: Final = frozenset(
    "accept-encoding connection content-length te transfer-encoding keep-alive expect upgrade proxy-connection".split()
)


@dataclass(slots=True)
class CurlCommand:
    """What one command asks for; ``left_out`` names headers that Tilldone sets by itself."""

    urls: list[str] = field(default_factory=list)
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    policy: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    switches: set[str] = field(default_factory=set)
    host: str = ""
    is_json: bool = False

    @property
    def body(self) -> str | None:
        if not self.data or "get" in self.switches:
            return None
        return ("" if self.is_json else "&").join(self.data)


def read_command(words: list[str]) -> CurlCommand:
    """From the words after ``curl``; raises InvalidField for what Tilldone cannot do, and says why."""
    command = CurlCommand()
    for name, value in _options(words):
        _take(command, name, value)
    _finish(command)
    return command


def _options(words: list[str]) -> list[tuple[str, str]]:
    """Each option by its long name with its value, addresses as ``url``."""
    found: list[tuple[str, str]] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            found += [("url", each) for each in rest]
        elif word.startswith("--"):
            name = word[2:]
            found.append((name, _value(name, rest)))
        elif word.startswith("-") and word != "-":
            found += _short_options(word[1:], rest)
        else:
            found.append(("url", word))
    return found


def _value(name: str, rest: Iterator[str]) -> str:
    if name in WITH_VALUE:
        value = next(rest, None)
        if value is None:
            refuse(f"ends after --{name}, which has something after it", "Copy the whole command again.")
        return value
    if name in WITHOUT_VALUE or name.removeprefix("no-") in IGNORED:
        return ""
    shown = name if name.replace("-", "").replace(".", "").isalnum() and len(name) <= 40 else "…"
    refuse(f"has an option that is not known here, --{shown}", "Take it out, and paste again.")


def _short_options(letters: str, rest: Iterator[str]) -> list[tuple[str, str]]:
    """Several may stand together, and a value may follow without a blank: ``-sSXPOST``."""
    found: list[tuple[str, str]] = []
    for position, letter in enumerate(letters):
        name = SHORT.get(letter)
        if name is None:
            refuse(f"has an option that is not known here, -{letter}", "Take it out, and paste again.")
        if name in WITH_VALUE and letters[position + 1 :]:
            return [*found, (name, letters[position + 1 :])]
        found.append((name, _value(name, rest)))
    return found


def _take(command: CurlCommand, name: str, value: str) -> None:
    if name in WHY_REFUSED:
        refuse(f"asks for --{name}, and {WHY_REFUSED[name]}", "Take it out, and paste again.")
    if name in IGNORED or name in IGNORED_VALUED or name.startswith("no-"):
        return
    if name in _DATA:
        _take_data(command, name, value)
    elif name in _HEADERS:
        _set(command, _HEADERS[name], value.removesuffix(";auto"))
    elif name in _POLICY:
        command.policy[_POLICY[name]] = value
    else:
        _TAKERS.get(name, _switch)(command, name, value)


def _switch(command: CurlCommand, name: str, _: str) -> None:
    command.switches.add(name)


def _take_url(command: CurlCommand, _: str, value: str) -> None:
    command.urls.append(value)


def _take_method(command: CurlCommand, _: str, value: str) -> None:
    command.method = value


def _take_header(command: CurlCommand, _: str, value: str) -> None:
    if value.startswith("@"):
        refuse("reads headers from a file", "Paste them instead.")
    name, colon, content = value.partition(":")
    if not colon and value.endswith(";"):
        # How curl writes a header without a value.
        _set(command, value[:-1].strip(), "")
    elif not colon:
        refuse("has a header without a colon", 'Write it as -H "Name: value".')
    elif content.strip() and name.strip():
        _keep_header(command, name.strip(), content.strip())
    # Without a value it only takes away what curl would set by itself; a name that begins with a colon is HTTP/2's own.


def _keep_header(command: CurlCommand, name: str, value: str) -> None:
    if name.lower() == "host":
        command.host = value
    elif name.lower() in _OURS:
        command.left_out.append(name)
    else:
        _set(command, name, value)


def _set(command: CurlCommand, name: str, value: str) -> None:
    """A header that comes twice is one with both values, as HTTP has it."""
    known = next((known for known in command.headers if known.lower() == name.lower()), None)
    if known is None:
        command.headers[name] = value
    else:
        command.headers[known] += ("; " if name.lower() == "cookie" else ", ") + value


def _take_cookie(command: CurlCommand, _: str, value: str) -> None:
    if "=" not in value:
        refuse("reads cookies from a file", 'Paste them instead, as -b "name=value".')
    _set(command, "Cookie", value)


def _take_user(command: CurlCommand, _: str, value: str) -> None:
    if ":" not in value:
        refuse("names a user without a password, which curl would ask for", "Write -u user:password.")
    command.headers["Authorization"] = _basic(value)


def _take_bearer(command: CurlCommand, _: str, value: str) -> None:
    command.headers["Authorization"] = f"Bearer {value}"


def _take_range(command: CurlCommand, _: str, value: str) -> None:
    _set(command, "Range", f"bytes={value}")


def _take_retry(command: CurlCommand, _: str, value: str) -> None:
    # curl counts the retries, Tilldone the attempts.
    command.policy["max_attempts"] = str(int(value) + 1) if value.isascii() and value.isdecimal() else value


def _basic(user: str) -> str:
    return f"Basic {b64encode(user.encode()).decode()}"


def _take_data(command: CurlCommand, name: str, value: str) -> None:
    if name == "data-urlencode":
        value = _encoded(value)
    elif name != "data-raw" and value.startswith("@"):
        refuse("reads its body from a file", "Paste what is in it, under Options.")
    command.is_json = command.is_json or name == "json"
    command.data.append(value)


def _encoded(value: str) -> str:
    name, equals, content = value.partition("=")
    if "@" in (name if equals else value):
        refuse("reads its body from a file", "Paste what is in it, under Options.")
    if not equals:
        return quote(value, safe="")
    return f"{name}={quote(content, safe='')}" if name else quote(content, safe="")


def _finish(command: CurlCommand) -> None:
    """What follows from all of it together."""
    names = {name.lower() for name in command.headers}
    if command.data and "get" not in command.switches:
        kind = "application/json" if command.is_json else "application/x-www-form-urlencoded"
        if "content-type" not in names:
            command.headers["Content-Type"] = kind
        if command.is_json and "accept" not in names:
            command.headers["Accept"] = "application/json"
    usual = "HEAD" if "head" in command.switches else "POST" if command.body is not None else "GET"
    command.method = (command.method or usual).upper()
    command.urls = [_address(command, url) for url in command.urls]


def _address(command: CurlCommand, url: str) -> str:
    url = url.partition("#")[0]
    if "://" not in url:
        # As curl itself guesses.
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    user, at, host = parts.netloc.rpartition("@")
    if at:
        name, _, password = user.partition(":")
        command.headers.setdefault("Authorization", _basic(f"{unquote(name)}:{unquote(password)}"))
        url = url.replace(f"{user}@", "", 1)
    if command.host and command.host.lower() not in (host.lower(), (parts.hostname or "")):
        refuse("sends the name of another host than that of its address", "Put that name into the address.")
    if command.data and "get" in command.switches:
        url += ("&" if "?" in url else "?") + "&".join(command.data)
    return url


_TAKERS: Final = {
    "url": _take_url,
    "request": _take_method,
    "header": _take_header,
    "cookie": _take_cookie,
    "user": _take_user,
    "oauth2-bearer": _take_bearer,
    "range": _take_range,
    "retry": _take_retry,
}
