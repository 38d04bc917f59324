"""Pasted commands, taken apart as bash and as Windows' cmd would."""

import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.routes.shell_words import split_commands
from webapp.scans.errors import InvalidField

POSIX = [
    "curl https://a.example/",
    "curl 'https://a.example/?a=1&b=2' -H 'X: it'\\''s'",
    'curl "https://a.example/" -d "a \\"b\\" \\$c \\\\ \\n"',
    "curl \\\n  https://a.example/ \\\n  -H 'A: b'",
    "curl $'a\\nb\\tc\\'d\\\\e\\x41\\101\\u00e9\\U0001f600\\?'",
    "curl $'\\u0021 \\u00e9' -H $'A: \\xc3\\xa9'",
    "curl a''b \"\" '' x\\ y",
    "curl a # the rest is said to nobody",
    "curl a#b {a,b} ~x 'a\nb'",
    'curl "a\\\nb"',
]


@pytest.mark.parametrize("command", POSIX)
def test_words_are_those_that_a_real_shell_hands_over(command: str) -> None:
    script = "set +o braceexpand; curl() { printf '%s\\0' curl \"$@\"; }\n" + command
    shell = subprocess.run(["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})

    [words] = split_commands(command)

    assert words == shell.stdout.decode().split("\0")[:-1]


@given(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])))
@settings(max_examples=200)
def test_what_chrome_writes_for_bash_is_read_back(text: str) -> None:
    assert split_commands(f"curl {bash_of_chrome(text)}") == [["curl", text]]


@given(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])))
@settings(max_examples=200)
def test_what_chrome_writes_for_cmd_is_read_back(text: str) -> None:
    assert split_commands(f'curl {cmd_of_chrome(text)} ^\n  -H ^"A: b^"') == [["curl", text, "-H", "A: b"]]


def bash_of_chrome(text: str) -> str:
    if not re.search(r"[\0-\x1f\x7f-\x9f!]|'", text):
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return "$'" + re.sub(r"[\0-\x1f\x7f-\x9f!]", lambda c: f"\\u{ord(c[0]):04x}", escaped) + "'"


def cmd_of_chrome(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = re.sub(r"[^a-zA-Z0-9\s_\-:=+~'/.',?;()*`]", lambda c: f"^{c[0]}", escaped)
    escaped = re.sub(r"%(?=[a-zA-Z0-9_])", "%^", escaped)
    return '^"' + escaped.replace("\n", "^\n\n") + '^"'


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (r'curl.exe "https://a.example/?a=1&b=2" -d "{\"a\": 1}"', ["https://a.example/?a=1&b=2", "-d", '{"a": 1}']),
        ('curl.exe "a""b" "%"A"%"', ['a"b', "%A%"]),
        (r'curl.exe "C:\\dir\\" x\y', ["C:\\\\dir\\", "x\\y"]),
        ('curl ^\n  "https://a.example/" ^\n  -H "A: ^b"', ["https://a.example/", "-H", "A: ^b"]),
        ("curl.exe a^&b ^^c", ["a&b", "^c"]),
    ],
)
def test_words_of_cmd(command: str, words: list[str]) -> None:
    [[_, *found]] = split_commands(command)

    assert found == words


def test_browsers_that_write_utf8_or_latin_letters_as_bytes_are_both_understood() -> None:
    assert split_commands("curl $'\\xc3\\xa9 \\xe9'") == [["curl", "Ã© é"]]
    assert split_commands("curl $'\\xe9' $'\\ud83d\\ude00 \\ud83d\\udc80'") == [["curl", "é", "😀 💀"]]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("curl a\ncurl b\n", [["curl", "a"], ["curl", "b"]]),
        ("curl a ;\ncurl b", [["curl", "a"], ["curl", "b"]]),
        ("curl a && curl b & curl c", [["curl", "a"], ["curl", "b"], ["curl", "c"]]),
        ("curl a\r\ncurl b", [["curl", "a"], ["curl", "b"]]),
        ('curl ^"a^" &\ncurl ^"b^"', [["curl", "a"], ["curl", "b"]]),
    ],
)
def test_several_commands(text: str, commands: list[list[str]]) -> None:
    assert split_commands(text) == commands


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("curl 'a", "a quote that is not closed"),
        ('curl "a', "a quote that is not closed"),
        ('curl "a\\', "a quote that is not closed"),
        ("curl $'a\\'", "a quote that is not closed"),
        ('curl ^"a', "a quote that is not closed"),
        ("curl -H \"X: $TOKEN\" 's3cret'", "names $TOKEN, a variable"),
        ("curl ${TOKEN}", "names $TOKEN, a variable"),
        ("curl $(cat s3cret)", "a command within the command"),
        ('curl "`cat s3cret`"', "a command within the command"),
        ("curl a | jq .s3cret", "goes on after the command, with |"),
        ("curl a > s3cret", "goes on after the command, with >"),
    ],
)
def test_what_only_a_running_shell_knows_is_refused_and_no_secret_is_repeated(text: str, problem: str) -> None:
    with pytest.raises(InvalidField) as error:
        split_commands(text)

    assert problem in error.value.problem and error.value.cure and error.value.field == "urls"
    assert "s3cret" not in str(error.value)


@given(st.text(st.sampled_from("curl '\"\\$^&;|\n x\u00e9`(){}#")))
@settings(max_examples=300)
def test_no_text_breaks_it(text: str) -> None:
    for whole in (text, "curl.exe " + text):
        try:
            split_commands(whole)
        except InvalidField:
            pass
