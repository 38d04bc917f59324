"""Answers that echo what they were asked with."""

import base64
import json
from urllib.parse import quote

import pytest

from webapp.scans.exchange import MISSING, Exchange, Failure
from webapp.scans.masking import MASK, mask
from webapp.scans.states import ErrorCode, Outcome

SECRET = 'tok/en "4711" ü'.encode("ascii", "ignore").decode() + "x" * 8
URL = "https://target.example/"


def an_echo(text: str) -> Exchange:
    body = json.dumps({"echo": text, "success": True}).encode()
    return Exchange(URL, 200, "OK", (("X-Echo", text),), "application/json", body, json=json.loads(body))


@pytest.mark.parametrize(
    ("header", "value", "echo"),
    [
        ("X-Token", SECRET, SECRET),
        ("Authorization", f"Bearer {SECRET}", f"Bearer {SECRET}"),
        ("Authorization", f"Bearer {SECRET}", SECRET),
        ("Cookie", f"a=b; session={SECRET}", SECRET),
        ("X-Token", SECRET, quote(SECRET, safe="")),
        ("Authorization", "Basic " + base64.b64encode(b"anna:" + SECRET.encode()).decode(), SECRET),
    ],
)
def test_a_secret_that_comes_back_is_masked_everywhere(header: str, value: str, echo: str) -> None:
    masked = mask(an_echo(echo), {header: value})

    assert echo not in str(masked.headers) and json.dumps(echo)[1:-1].encode() not in masked.body
    assert MASK in masked.json["echo"] and masked.json["success"] is True
    assert masked.json == json.loads(masked.body)


@pytest.mark.parametrize(("header", "value"), [("Accept", "application/json"), ("X-Page", "1234567")])
def test_what_is_no_secret_stays(header: str, value: str) -> None:
    answer = an_echo(value)

    assert mask(answer, {header: value}) is answer


def test_an_answer_without_an_echo_is_left_as_it_is() -> None:
    answer = an_echo("nothing")

    assert mask(answer, {"X-Token": SECRET}) is answer


def test_addresses_and_failures_are_masked_too() -> None:
    failure = Failure(Outcome.NETWORK_ERROR, ErrorCode.CONNECTION_RESET, f"Reset at {URL}?t=plainsecret.")
    exchange = Exchange(f"{URL}?t=plainsecret", redirects=(f"{URL}?t=plainsecret",), failure=failure)

    masked = mask(exchange, {"X-Token": "plainsecret"})

    assert "plainsecret" not in repr(masked)


def test_a_body_that_is_no_json_is_masked_as_bytes() -> None:
    masked = mask(Exchange(URL, 200, body=b"\xff plainsecret \xff"), {"X-Token": "plainsecret"})

    assert masked.body == b"\xff [masked] \xff" and masked.json is MISSING


def test_a_body_that_comes_back_is_the_answer() -> None:
    answer = an_echo('{"key": "posted"}')

    assert mask(answer, {"Content-Type": "application/json"}) is answer
