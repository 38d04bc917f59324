"""The commands that let people and programs in, against the database of the server; and the doctor."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.stack import environment, free_port, web
from tests.test_cli_up import up
from webapp.auth import passwords
from webapp.cli import main
from webapp.settings import Settings


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator["Run"]:
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    yield Run()


class Run:
    """A command with the settings of the test in its environment."""

    def __call__(self, *words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, words, input=typed)


def status(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_token_is_all_that_is_printed_and_opens_the_server(run: "Run", settings: Settings) -> None:
    made = run("token", "create", "nightly export", "--scope", "admin", "--days", "30")
    assert made.exit_code == 0 and re.fullmatch(r"tilldone_[0-9A-Za-z]{49}\n", made.stdout)
    token = made.stdout.strip()

    with web(settings) as address:
        assert status(f"{address}/api/v1/scans", Authorization=f"Bearer {token}") == 200
        assert status(f"{address}/api/v1/scans", Authorization=f"Bearer {token[:-1]}") == 401

        listed = run("token", "list").stdout
        assert "nightly export" in listed and token[:13] in listed and token not in listed
        assert run("token", "revoke", token[:13]).exit_code == 0
        assert status(f"{address}/api/v1/scans", Authorization=f"Bearer {token}") == 401


@pytest.mark.parametrize(
    "words",
    [
        ("token", "create", " "),
        ("token", "create", "ci", "--scope", "king"),
        ("token", "create", "ci", "--days", "0"),
        ("token", "revoke", "tilldone_none"),
        ("login-link", "nobody"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(run: "Run", words: tuple[str, ...]) -> None:
    refused = run(*words)

    assert refused.exit_code != 0 and refused.stdout == "" and "Traceback" not in refused.stderr


def test_without_a_schema_the_command_says_what_to_do(
    run: "Run", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.sqlite3'}")

    assert "run `tilldone migrate` first" in run("token", "create", "ci").stderr


def test_a_password_is_typed_twice_and_its_hash_printed(run: "Run") -> None:
    made = run("password", typed="correct horse battery\ncorrect horse battery\n")
    weak = run("password", typed="short\nshort\n")

    hashed = made.stdout.splitlines()[-1]
    assert passwords.matches("correct horse battery", hashed)
    assert Settings.from_env({"TILLDONE_HOME": "/tmp", "ADMIN_PASSWORD_HASH": hashed}).admin_password_hash == hashed
    assert weak.exit_code == 1 and "12 characters" in weak.stderr


def test_a_login_link_leads_to_where_the_server_is(run: "Run", settings: Settings) -> None:
    printed = run("login-link").stdout

    assert re.fullmatch(r"http://127\.0\.0\.1:8000/login\?t=[\w-]{43}\n", printed)


def test_the_link_that_up_prints_lets_a_browser_in_without_a_password(tmp_path: Path) -> None:
    port = str(free_port())
    with up(tmp_path, PORT=port) as process:
        process.wait_for("Sign in, once, with", timeout=60)
        found = re.search(r"Sign in, once, with (http://127\.0\.0\.1:\d+/login\?t=[\w-]+)", process.output)
        assert found is not None
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

        with browser.open(found[1], timeout=20) as page:
            assert page.url == f"http://127.0.0.1:{port}/" and "data-urls" in page.read().decode()
        assert status(found[1]) == 401
        assert status(f"http://127.0.0.1:{port}/api/v1/scans") == 401
        assert found[1].split("=")[1] not in json.dumps(process.output.replace(found[0], ""))


def test_the_doctor_finds_nothing_where_nothing_is_wrong(run: "Run") -> None:
    found = run("doctor")

    assert found.exit_code == 0, found.output
    for words in ("nothing is open by accident", "the database answers", "up to date", "Redis answers", "the broker"):
        assert re.search(rf"^ok  .*{words}", found.output, re.M), found.output
    assert "note  worker: none was seen" in found.output and "FAIL" not in found.output


def test_the_doctor_names_all_that_is_wrong_at_once(
    run: "Run", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = {
        "HOST": "0.0.0.0",
        "SECRET_KEY": "short",
        "FLASK_DEBUG": "1",
        "REDIS_URL": f"unix://{tmp_path}/nowhere.sock",
        "CELERY_BROKER_URL": f"redis+socket://{tmp_path}/nowhere.sock",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)

    found = run("doctor")

    assert found.exit_code == 1
    for name in ("SECRET_KEY", "FLASK_DEBUG", "REDIS_URL", "CELERY_BROKER_URL", "schema"):
        assert f"FAIL  {name}: " in found.output, found.output
    assert "Traceback" not in found.output


def test_the_doctor_names_a_database_that_is_away(run: "Run", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgres://someone:s3cret-one@127.0.0.1:{free_port()}/tilldone")

    found = run("doctor")

    assert found.exit_code == 1 and "FAIL  DATABASE_URL: cannot use" in found.output
    assert "s3cret" not in found.output
