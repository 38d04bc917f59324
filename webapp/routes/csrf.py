"""Every form and fetch of ours proves that it came from a page of ours."""

import re
from typing import Final

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from jinja2.ext import Extension

_FORM: Final = re.compile(r"<form\b[^>]*\bmethod=\"post\"[^>]*>", re.I)
_FIELD: Final = '<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">'

_protection: Final = CSRFProtect()


class FormTokens(Extension):
    """Writes the token into each form that posts, when its template is compiled: nobody can forget it."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _FORM.sub(lambda form: form[0] + _FIELD, source)


def init_app(app: Flask) -> None:
    app.config.update(
        # The gate asks for it, as it knows who needs none: programs with a token.
        WTF_CSRF_CHECK_DEFAULT=False,
        # As long as the browser keeps the cookie: a page may stay open for days.
        WTF_CSRF_TIME_LIMIT=None,
        # same_origin compares what browsers send today; privacy settings drop the Referer.
        WTF_CSRF_SSL_STRICT=False,
    )
    _protection.init_app(app)
    app.jinja_env.add_extension(FormTokens)


def refuse_without_token() -> None:
    """Aborts with 400 unless the form or the header X-CSRFToken carries the token of this browser."""
    _protection.protect()
