"""Log lines of any origin, and what is left of the secrets in them."""

import io
import logging
from collections.abc import Iterator

import pytest

from webapp.redaction import install, redact

SECRET = "s3cr3t-c4nary-4711"


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization=Basic {SECRET}",
        f"{{'Authorization': 'Bearer {SECRET}', 'Accept': '*/*'}}",
        f'{{"X-Api-Key": "{SECRET}"}}',
        f"Cookie: session={SECRET}; theme=dark",
        f"X-Auth-Token: {SECRET}",
        f"password={SECRET}&user=anna",
        f"GET https://target.example/a?key={SECRET}&b={SECRET} HTTP/1.1",
        f"redis://:{SECRET}@cache.example:6379/0",
        f"postgresql://anna:{SECRET}@db.example/tilldone",
        f"sent bearer {SECRET} to somebody",
    ],
)
def test_a_secret_does_not_pass(line: str) -> None:
    assert SECRET not in redact(line)


@pytest.mark.parametrize(
    "line",
    [
        "Tried 3 times - Status: 503 - 12:30:01",
        "fenced off, somebody else has the scan scan=01a2-77 attempt=3",
        "Connected to redis+socket:///home/anna/valkey.sock",
        "listening at: http://127.0.0.1:8000 (4711)",
    ],
)
def test_a_plain_line_is_left_as_it_is(line: str) -> None:
    assert redact(line) == line


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    factory = logging.getLogRecordFactory()
    install()
    stream, log = io.StringIO(), logging.getLogger("a.library")
    handler = logging.StreamHandler(stream)
    log.addHandler(handler)
    yield stream
    log.removeHandler(handler)
    logging.setLogRecordFactory(factory)


def test_arguments_and_tracebacks_are_redacted_whoever_logs(printed: io.StringIO) -> None:
    log = logging.getLogger("a.library")
    log.warning("asked with %s", {"Authorization": f"Bearer {SECRET}"})
    try:
        raise ValueError(f"bad header X-Token: {SECRET}")
    except ValueError:
        log.exception("it failed")

    assert SECRET not in printed.getvalue()
    assert "ValueError: bad header" in printed.getvalue() and "Traceback" in printed.getvalue()


def test_a_line_whose_arguments_do_not_fit_is_still_a_line(printed: io.StringIO) -> None:
    logging.getLogger("a.library").warning("%d of %d", "one")

    assert "%d of %d" in printed.getvalue()


def test_installing_twice_is_once(printed: io.StringIO) -> None:
    factory = logging.getLogRecordFactory()
    install()

    assert logging.getLogRecordFactory() is factory
