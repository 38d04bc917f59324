"""httpbin, a target that no one here wrote, served on loopback."""

import logging
import threading
from collections.abc import Iterator

import pytest
import werkzeug.http
from werkzeug.datastructures import Authorization
from werkzeug.serving import make_server


@pytest.fixture(scope="session")
def httpbin_url() -> Iterator[str]:
    """Its address, without a slash at the end."""
    # The newest httpbin that Python 3.11 gets beside a current greenlet asks Werkzeug for a name that is gone.
    vars(werkzeug.http).setdefault("parse_authorization_header", Authorization.from_header)
    from httpbin import app  # slow to import, and only few tests need it

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
