"""Two hundred URLs of every kind that httpbin knows, pasted into the box: each ends as it must, and says why."""

import re
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, expect

#: Path, how the scan must end, and what its error must say.
KINDS: list[tuple[str, str, str]] = [
    *((f"/status/{code}", "succeeded", "") for code in (200, 201, 202, 204, 206)),
    *((f"/status/{code}", "exhausted", f"answered {code}") for code in (400, 401, 403, 404, 405, 409, 410, 418, 422)),
    *((f"/status/{code}", "exhausted", f"answered {code}") for code in (429, 500, 501, 502, 503, 504)),
    *((f"/redirect/{n}", "succeeded", "") for n in range(1, 6)),
    *((f"/relative-redirect/{n}", "succeeded", "") for n in (1, 5)),
    *((f"/absolute-redirect/{n}", "succeeded", "") for n in (1, 5)),
    *((f"/redirect/{n}", "exhausted", "redirects") for n in (6, 9)),
    ("/delay/0.1", "succeeded", ""),
    ("/delay/1", "succeeded", ""),
    ("/delay/5", "exhausted", "within 2 s"),
    ("/drip?duration=0.2&numbytes=5&delay=0", "succeeded", ""),
    ("/drip?duration=8&numbytes=8&delay=0", "exhausted", "within 2 s"),
    ("/drip?duration=0.1&numbytes=5&code=503&delay=0", "exhausted", "answered 503"),
    ("/gzip", "succeeded", ""),
    ("/deflate", "failed", "encoded"),
    ("/brotli", "failed", "encoded"),
    ("/basic-auth/user/passwd", "exhausted", "answered 401"),
    ("/hidden-basic-auth/user/passwd", "exhausted", "answered 404"),
    ("/bearer", "exhausted", "answered 401"),
    ("/cookies", "succeeded", ""),
    ("/cookies/set?a=b", "succeeded", ""),
    ("/stream/1", "succeeded", ""),
    # Several JSON documents under the name of one.
    *((f"/stream/{n}", "exhausted", "not valid") for n in (5, 20)),
    *((f"/stream-bytes/{n}", "succeeded", "") for n in (1, 1024, 100_000)),
    *((f"/range/{n}", "succeeded", "") for n in (1, 1024)),
    *((f"/links/{n}/0", "succeeded", "") for n in (1, 10)),
    *((f"/image/{kind}", "succeeded", "") for kind in ("png", "jpeg", "webp", "svg")),
    ("/etag/abc", "succeeded", ""),
    ("/cache", "succeeded", ""),
    ("/cache/60", "succeeded", ""),
    ("/response-headers?X-A=b&X-A=c", "succeeded", ""),
    ("/encoding/utf8", "succeeded", ""),
    ("/post", "exhausted", "answered 405"),
    ("/put", "exhausted", "answered 405"),
    ("/nowhere", "exhausted", "answered 404"),
    *((path, "succeeded", "") for path in ("/get", "/ip", "/headers", "/user-agent", "/uuid", "/anything", "/html")),
    *((path, "succeeded", "") for path in ("/json", "/xml", "/robots.txt", "/deny", "/base64/dGlsbGRvbmU=")),
]
COUNT = 200


def urls(base: str) -> Iterator[tuple[str, str, str]]:
    """All kinds, over and over, each time under another address."""
    for number in range(COUNT):
        path, state, words = KINDS[number % len(KINDS)]
        yield f"{base}{path}{'&' if '?' in path else '?'}n={number}", state, words


def test_each_of_two_hundred_urls_ends_in_the_right_state_with_the_right_words(
    page: Page, site: str, httpbin_url: str
) -> None:
    wanted = {url: (state, words) for url, state, words in urls(httpbin_url)}
    page.goto(site)
    page.fill("[data-urls]", "\n".join(wanted))
    if not page.locator("[name=deadline]").is_visible():
        page.locator("[data-options] > summary").click()
    for name, value in {"max_attempts": "2", "initial_interval": "100ms", "attempt_timeout": "2s"}.items():
        page.fill(f"[name={name}]", value)

    page.click("[data-scan-button]")

    page.wait_for_url(re.compile("/batches/"))
    expect(page.locator("[data-done]")).to_have_text(str(COUNT), timeout=90_000)
    ended = {scan["url"]: scan for scan in scans_of(page, site, page.url.rsplit("/", 1)[1])}
    wrong = [
        f"{url}: {ended[url]['state']} {ended[url]['error']!r}, not {state} {words!r}"
        for url, (state, words) in wanted.items()
        if ended[url]["state"] != state or words not in (ended[url]["error"] or "")
    ]
    assert len(ended) == COUNT and not wrong, "\n".join(wrong)


def scans_of(page: Page, site: str, batch_id: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while cursor is not None:
        listed = page.request.get(f"{site}/api/v1/scans?batch={batch_id}&limit=200&cursor={cursor}").json()
        yield from listed["items"]
        cursor = listed["next"]
