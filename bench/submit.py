"""How long the person waits who pastes ten thousand URLs."""

import http.client
import json
import time
from urllib.parse import urlencode, urlsplit

from bench.parts import parts
from tests.stack import Site, web

URLS = 10_000


def run() -> None:
    print(f"\nSubmit: {URLS:,} URLs in one batch, stored, woken and answered by a real web process")
    for database in ("sqlite", "postgres"):
        with parts(database) as settings, web(settings) as site:
            urls = [f"https://host-{n % 200}.example/export/{n}" for n in range(URLS)]
            api = _timed(site, "/api/v1/batches", json.dumps({"urls": urls}), "application/json", 202)
            form = urlencode({"urls": "\n".join(urls)})
            page = _timed(site, "/scans", form, "application/x-www-form-urlencoded", 303)
        print(f"  {database:9} API {api:5.2f} s   page {page:5.2f} s  (aim 6)")


def _timed(site: Site, path: str, body: str, content_type: str, expected: int) -> float:
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=120)
    headers = {"Content-Type": content_type, **site.bearer}
    started = time.monotonic()
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == expected, answer.status
    return time.monotonic() - started
