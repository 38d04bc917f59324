"""A pasted curl command fills the form, with scripts or without; nothing of it gets into an address or a log."""

import html
import logging
import re
import uuid

import pytest
from flask.testing import FlaskClient

from webapp.scans import queries

COMMAND = "curl 'https://a.example/x' -X PUT -H 'X-Token: s3cret' --data-raw '{\"a\": 1}' --retry 4 -H 'TE: trailers'"


def textarea(page: str, name: str) -> str:
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


@pytest.mark.parametrize("path", ["/partials/paste", "/scans"])
def test_the_form_is_filled_and_nothing_is_sent_yet(client: FlaskClient, path: str) -> None:
    answer = client.post(path, data={"urls": COMMAND, "deadline": "2h"})

    assert answer.status_code == 200
    page = answer.text
    assert textarea(page, "urls") == "https://a.example/x"
    assert textarea(page, "body") == '{"a": 1}'
    assert textarea(page, "headers") == "X-Token: s3cret\nContent-Type: application/x-www-form-urlencoded"
    assert "<option selected>PUT" in page and 'name="max_attempts" value="5"' in page
    assert 'name="deadline" value="2h"' in page
    assert "Filled in from your curl command" in page and "Left out, because Tilldone sets them itself: te." in page
    assert not queries.list_scans(queries.Filter()).scans


@pytest.mark.parametrize(("path", "status"), [("/partials/paste", 200), ("/scans", 422)])
def test_what_cannot_be_done_is_said_at_the_box_and_what_was_pasted_stays(
    client: FlaskClient, path: str, status: int
) -> None:
    command = "curl -k https://a.example/ -H 'X-Token: s3cret'"

    answer = client.post(path, data={"urls": command})

    assert answer.status_code == status
    assert textarea(answer.text, "urls") == command
    assert "Tilldone always checks certificates" in answer.text


def test_where_nothing_was_pasted_it_says_so(client: FlaskClient) -> None:
    answer = client.post("/partials/paste")

    assert answer.status_code == 200 and "holds no command" in answer.text.lower()


def test_what_cannot_be_meant_in_it_is_said_beside_its_field(client: FlaskClient) -> None:
    page = client.post("/partials/paste", data={"urls": "curl https://a.example/ -m 900 -H 'X-Forwarded-For: a'"}).text

    assert re.search(r'id="error-attempt_timeout">[^<]*is not between', page)
    assert re.search(r'id="error-headers">[^<]*[Mm]ust not set X-Forwarded-For', page)


def test_the_filled_form_makes_the_request_of_the_command(client: FlaskClient) -> None:
    command = r"curl https://a.example/ -H 'content-type: multipart/x; boundary=B' -d $'--B\r\n\r\n1\r\n--B--\r\n'"
    page = client.post("/partials/paste", data={"urls": command}).text
    hidden = re.search(r'name="body_breaks" value="(\w+)"', page)
    assert hidden is not None
    filled = {name: textarea(page, name) for name in ("urls", "headers", "body")}

    # Browsers send line breaks as CRLF, whatever they are.
    sent = {name: text.replace("\n", "\r\n") for name, text in filled.items()}
    answer = client.post("/scans", data={**sent, "method": "POST", "body_breaks": hidden[1]})

    scan_id = uuid.UUID(answer.location.rpartition("/")[2])
    assert queries.get_secrets(scan_id).body == b"--B\r\n\r\n1\r\n--B--\r\n"
    assert queries.get_scan(scan_id).method == "POST"


def test_no_secret_of_a_paste_is_logged_or_led_into_an_address(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    for command in (COMMAND, COMMAND + " -k", COMMAND + " | jq ."):
        answer = client.post("/scans", data={"urls": command})
        assert "s3cret" not in str(answer.headers)
    assert client.get("/partials/paste").status_code == 405
    assert "s3cret" not in caplog.text


def test_commands_beside_addresses_are_told_apart_line_by_line(client: FlaskClient) -> None:
    answer = client.post("/scans", data={"urls": f"https://a.example/\n{COMMAND}"})

    assert answer.status_code == 422 and "is a command, not a URL" in answer.text
