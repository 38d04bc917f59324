"""The streams that a browser holds open, seen from outside of its pages."""

from playwright.sync_api import BrowserContext, Page, Request

_PATH = "/api/v1/events"


class Streams:
    def __init__(self, context: BrowserContext) -> None:
        self._requests: list[Request] = []
        context.on("request", lambda request: self._requests.append(request) if _PATH in request.url else None)
        for end in ("requestfinished", "requestfailed"):
            context.on(end, self._ended)  # type: ignore[call-overload]

    @property
    def _open(self) -> list[Request]:
        """Of a tab that was closed the browser tells no end."""
        return [request for request in self._requests if not request.frame.page.is_closed()]

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self._open]

    @property
    def holders(self) -> list[Page]:
        """The tabs that hold one."""
        return [request.frame.page for request in self._open]

    def wait_for(self, count: int, page: Page) -> None:
        """Until so many are open; the page stands by while the browser acts."""
        for _ in range(200):
            if len(self._open) == count:
                return
            page.evaluate("() => new Promise(requestAnimationFrame)")
        raise AssertionError(f"{len(self._open)} streams are open and not {count}: {self.urls}")

    def _ended(self, request: Request) -> None:
        if request in self._requests:
            self._requests.remove(request)
