"""The request as a command: right, and harmless to paste."""

import subprocess

import pytest

from webapp.routes.curl import curl_command

URL = "https://a.example/"
_SAY_ARGUMENTS = "curl() { printf '%s\\n' \"$@\"; }\n"


def arguments(
    url: str = URL, *, method: str = "GET", headers: tuple[str, ...] = (), has_body: bool = False
) -> list[str]:
    """What a real shell would hand to curl."""
    command = curl_command(method=method, url=url, header_names=headers, has_body=has_body)
    script = f"X_TOKEN='s3cret value'\n{_SAY_ARGUMENTS}{command}"
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize(
    ("method", "has_body", "given"),
    [
        ("GET", False, [URL]),
        ("HEAD", False, ["--head", URL]),
        ("POST", True, [URL, "--data-binary", "@body"]),
        ("POST", False, ["-X", "POST", URL]),
        ("GET", True, ["-X", "GET", URL, "--data-binary", "@body"]),
    ],
)
def test_curl_sends_the_same_method(method: str, has_body: bool, given: list[str]) -> None:
    assert arguments(method=method, has_body=has_body) == given


def test_the_value_of_a_header_is_a_variable() -> None:
    assert arguments(headers=("X-Token",)) == [URL, "-H", "X-Token: s3cret value"]


@pytest.mark.parametrize("name", ["`id`", "$X_TOKEN", "a'b", "9lives", "!!"])
def test_no_name_that_http_allows_can_run_a_command(name: str) -> None:
    assert arguments(headers=(name,))[2].startswith(f"{name}: ")


def test_a_url_cannot_leave_its_place() -> None:
    url = "https://a.example/?a=$(id)&b='x'"

    assert arguments(url) == [url]
