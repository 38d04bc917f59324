"""Takes pasted commands apart as the shell would that they were written for: a POSIX shell, or Windows' cmd."""

import re
from typing import Final, NoReturn

from webapp.routes.ansi_quotes import read_ansi_quotes
from webapp.scans.errors import InvalidField

_ALONE: Final = "Paste the curl command alone."
_CMD: Final = re.compile(r'\^"|\^\n|\A\s*curl\.exe\b')


def split_commands(text: str) -> list[list[str]]:
    """The words of each command. Raises InvalidField for what only a running shell could make sense of; the error
    repeats nothing but names: what was pasted holds secrets."""
    text = text.replace("\r\n", "\n")
    reader = _CmdReader(text) if _CMD.search(text) else _PosixReader(text)
    reader.read()
    return [command for command in reader.commands if command]


def refuse(problem: str, cure: str) -> NoReturn:
    raise InvalidField("urls", problem, cure)


class _Reader:
    """A position in the text, and the words that were found before it."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.commands: list[list[str]] = [[]]
        self._parts: list[str] | None = None

    def read(self) -> None:
        while self.at < len(self.text):
            self.step(self.next())
        self.end_command()

    def step(self, character: str) -> None:
        raise NotImplementedError

    def next(self) -> str:
        self.at += 1
        return self.text[self.at - 1]

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def until(self, end: str) -> str:
        """What comes before it; the position is behind it then."""
        found = self.text.find(end, self.at)
        if found < 0:
            refuse("has a quote that is not closed", "Copy the whole command again: its end may be missing.")
        part, self.at = self.text[self.at : found], found + len(end)
        return part

    def add(self, part: str) -> None:
        """To the word; an empty part makes one too."""
        if self._parts is None:
            self._parts = []
        self._parts.append(part)

    def end_word(self) -> None:
        if self._parts is not None:
            self.commands[-1].append("".join(self._parts))
            self._parts = None

    def end_command(self) -> None:
        self.end_word()
        self.commands.append([])

    @property
    def is_in_word(self) -> bool:
        return self._parts is not None

    def separate(self, character: str) -> bool:
        """Whether it ended a word or a command."""
        if character in " \t":
            self.end_word()
        elif character in "\n;&":
            self.end_command()
        elif character in "|<>()":
            refuse(f"goes on after the command, with {character}", _ALONE)
        else:
            return False
        return True


class _PosixReader(_Reader):
    """As sh and bash read it."""

    def step(self, character: str) -> None:
        if character == "#" and not self.is_in_word:
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
        elif character == "'":
            self.add(self.until("'"))
        elif character == '"':
            self._double_quoted()
        elif character == "$":
            self._dollar()
        elif character == "`":
            self._command_in_it()
        elif character == "\\":
            self._escaped()
        elif not self.separate(character):
            self.add(character)

    def _escaped(self) -> None:
        if self.at < len(self.text) and (character := self.next()) != "\n":
            self.add(character)

    def _dollar(self) -> None:
        if self.peek() == "'":
            self._ansi_quoted()
        elif self.peek() == '"':
            self.at += 1
            self._double_quoted()
        else:
            self.add(self._no_variable())

    def _ansi_quoted(self) -> None:
        found = read_ansi_quotes(self.text, self.at + 1)
        if found is None:
            self.at = len(self.text)
            self.until("'")
        else:
            part, self.at = found
            self.add(part)

    def _no_variable(self) -> str:
        if self.peek() == "(":
            self._command_in_it()
        name = re.compile(r"\{?(\w+)").match(self.text, self.at)
        if name:
            words = f"names ${name[1][:40]}, a variable that only your shell knows"
            refuse(words, "Put its value there, and paste again.")
        return "$"

    def _command_in_it(self) -> NoReturn:
        refuse("has a command within the command", "Put there what it gives, and paste again.")

    def _double_quoted(self) -> None:
        self.add("")
        while (character := self._within_quotes()) != '"':
            if character == "`":
                self._command_in_it()
            elif character == "$":
                self.add(self._no_variable())
            elif character == "\\" and self.peek() in ('"', "\\", "$", "`", "\n"):
                self._escaped()
            else:
                self.add(character)

    def _within_quotes(self) -> str:
        if self.at >= len(self.text):
            self.until('"')
        return self.next()


class _CmdReader(_Reader):
    """As Windows' cmd reads it, and then the C runtime takes it apart: a caret keeps cmd from reading a character."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._is_in_cmd_quotes = self._is_in_quotes = False
        #: Browsers double every backslash, though Windows halves those before a quote alone: what they mean counts.
        self._is_by_browser = '^"' in text

    def step(self, character: str) -> None:
        if character == "^" and not self._is_in_cmd_quotes:
            if self.peek() == "\n":
                # A line that goes on; what the next one begins with is taken as it is.
                self.at += 1
            if self.at < len(self.text):
                self._argue(self.next(), is_escaped=True)
            return
        if character == '"':
            self._is_in_cmd_quotes = not self._is_in_cmd_quotes
        self._argue(character, is_escaped=False)

    def _argue(self, character: str, *, is_escaped: bool) -> None:
        if character == "\\":
            self._backslashes()
        elif character == '"':
            self._quote()
        elif self._is_in_quotes and (is_escaped or character != "\n"):
            self.add(character)
        elif is_escaped and character not in " \t\n":
            self.add(character)
        elif not self.separate(character):
            self.add(character)

    def _backslashes(self) -> None:
        """Before a quote each two are one, and one more makes the quote a character of its own."""
        run = re.compile(r"(?:\^?\\)*").match(self.text, self.at)
        found = run[0] if run else ""
        self.at += len(found)
        count = 1 + found.count("\\")
        quote = re.compile(r'\^?"').match(self.text, self.at)
        if not quote:
            self.add("\\" * (count // 2 + count % 2 if self._is_by_browser else count))
            return
        self.add("\\" * (count // 2))
        if count % 2:
            self.at += len(quote[0])
            self.add('"')
            if quote[0] == '"':
                self._is_in_cmd_quotes = not self._is_in_cmd_quotes

    def _quote(self) -> None:
        doubled = re.compile(r'\^?"').match(self.text, self.at)
        if self._is_in_quotes and doubled:
            self.at += len(doubled[0])
            if doubled[0] == '"':
                self._is_in_cmd_quotes = not self._is_in_cmd_quotes
            self.add('"')
            return
        self._is_in_quotes = not self._is_in_quotes
        self.add("")

    def end_command(self) -> None:
        if self._is_in_quotes:
            refuse("has a quote that is not closed", "Copy the whole command again: its end may be missing.")
        super().end_command()
