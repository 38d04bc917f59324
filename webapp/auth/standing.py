"""Who of many may still be here: what is asked of those who came in long ago and hold a stream."""

import uuid
from collections.abc import Collection
from functools import partial

from flask import Flask

from webapp.auth import sessions, tokens
from webapp.auth.rights import SESSION_KEY, TOKEN_KEY


def still_stand(app: Flask, keys: Collection[str]) -> set[str]:
    """Those of the visitors' keys whose session or token is good at this moment."""
    of = partial(_without_prefix, keys)
    with app.app_context():
        standing = {f"{SESSION_KEY}{found}" for found in sessions.still_stand(of(SESSION_KEY))}
        return standing | {f"{TOKEN_KEY}{found}" for found in tokens.still_stand(map(uuid.UUID, of(TOKEN_KEY)))}


def _without_prefix(keys: Collection[str], prefix: str) -> list[str]:
    return [key.removeprefix(prefix) for key in keys if key.startswith(prefix)]
