"""A scan's request as a curl command without its secrets."""

import re
import shlex
from collections.abc import Sequence


def curl_command(*, method: str, url: str, header_names: Sequence[str], has_body: bool) -> str:
    """Each header's value is a shell variable, to be set by who knows it; a body is read from the file ``body``."""
    parts = ["curl"]
    if method == "HEAD":
        parts.append("--head")
    elif method != ("POST" if has_body else "GET"):
        parts.append(f"-X {method}")
    parts.append(shlex.quote(url))
    # The name stands in single quotes: HTTP allows characters in it that a shell would run.
    parts += [f'-H {shlex.quote(f"{name}: ")}"${_variable(name)}"' for name in header_names]
    if has_body:
        parts.append("--data-binary @body")
    return " \\\n  ".join(parts) if len(parts) > 2 else " ".join(parts)


def _variable(name: str) -> str:
    word = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").upper()
    return f"H_{word}" if not word or word[0].isdigit() else word
