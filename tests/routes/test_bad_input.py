"""Whatever anybody sends to whichever route: an answer that says what is wrong, never a fault of ours."""

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from tests.factories import GOOD, a_claim, a_scan, settle

#: They end the session that the test lives on.
_ENDS_THE_SESSION = {"sign_in.sign_out", "sign_in.sign_out_everywhere", "people.disable", "account.change_password"}
#: Holds its connection for as long as it is read.
_ENDLESS = {"stream.events"}
#: Answer 503 by intent: there is no worker, and the sample fails twice.
_NOT_READY = {"health.ready", "sample.flaky"}
_NAMES = (
    "urls url scans name method headers body state batch q limit cursor ids scan counts t next password role scope days"
    " max_attempts initial_interval backoff deadline attempt_timeout expect_status expect_json fail_when"
    " skip_bad revision"
).split()
_ODD = [
    "", "0", "-1", "1e999", "NaN", "٣", "\x00", "\ud83d", "a" * 5000, "https://[", "//evil.example",
    "<script>alert(1)</script>",
    "' OR 1=1 --", "%00", "../../etc/passwd", "{}", "[]", "null", "true", "2h", "Infinity", str(uuid.uuid4()),
]  # fmt: skip
_texts = st.sampled_from(_ODD) | st.text(max_size=40)
_leaves = st.none() | st.booleans() | st.integers() | st.floats() | _texts
_values = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4), max_leaves=8
)
_fields = st.dictionaries(st.sampled_from(_NAMES) | _texts, _texts, max_size=6)
_objects = st.dictionaries(st.sampled_from(_NAMES), _values, max_size=6)
_kinds = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml", ""]
)
_bodies = _objects.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200)
_methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@pytest.fixture
def known(app: Flask) -> uuid.UUID:
    """A scan with a past, for the routes that ask for one."""
    scan_id = a_scan(headers={"X-Token": "canary-header"})
    settle(a_claim(scan_id), GOOD)
    return scan_id


def _rules(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in _ENDS_THE_SESSION | _ENDLESS | _NOT_READY:
            yield rule


def _path(rule: Rule, given: str, known: uuid.UUID, *, is_known: bool) -> str:
    chosen = str(known) if is_known else given
    parts: dict[str, Any] = {name: chosen for name in rule.arguments}
    path = rule.rule
    for name, value in parts.items():
        for converter in ("uuid:", "path:", ""):
            path = path.replace(f"<{converter}{name}>", value)
    return path


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bad_input_is_answered_and_never_a_fault_of_ours(
    client: FlaskClient, app: Flask, known: uuid.UUID, data: st.DataObject
) -> None:
    rule = data.draw(st.sampled_from(list(_rules(app))), label="rule")
    path = _path(rule, quote(_sendable(data.draw(_texts)), safe="/"), known, is_known=data.draw(st.booleans()))
    allowed = sorted(rule.methods or {"GET"})
    is_form = data.draw(st.booleans())
    response = client.open(
        path,
        method=data.draw(st.sampled_from(allowed) | _methods, label="method"),
        query_string={_sendable(name): _sendable(value) for name, value in data.draw(_fields).items()},
        data={_sendable(name): _sendable(value) for name, value in data.draw(_fields).items()}
        if is_form
        else data.draw(_bodies),
        content_type=None if is_form else data.draw(_kinds),
        headers={"Accept": data.draw(st.sampled_from(["text/html", "application/json", "*/*", "x"]))},
    )

    words = response.get_data(as_text=True) if not response.is_streamed else ""
    assert response.status_code < 500, words[:2000]
    assert "Traceback" not in words and "canary-header" not in words
