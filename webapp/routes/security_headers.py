"""What every response tells the browser not to do."""

from typing import Final

from flask import Flask, Response, request

#: No inline script, style or handler anywhere: hence neither nonce nor hash.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
#: For what is somebody else's content: it may do nothing at all, not even under its own address.
SANDBOX: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with it browsers send "Origin: null" from our own forms, which same_origin must refuse.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
#: Over http browsers must ignore it.
_HTTPS_ONLY: Final = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


def init_app(app: Flask) -> None:
    app.after_request(add_security_headers)


def add_security_headers(response: Response) -> Response:
    """A header that the view has set already is stricter, and stays."""
    for name, value in (_HEADERS | (_HTTPS_ONLY if request.is_secure else {})).items():
        response.headers.setdefault(name, value)
    return response
