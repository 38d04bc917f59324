"""Visitors who are signed in as the product itself does it, without the price of a password."""

import contextvars
import uuid

from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf

from webapp.auth import sessions, users
from webapp.auth.rights import Role
from webapp.auth.users import ADMIN_NAME
from webapp.database import db, transaction


def an_admin() -> uuid.UUID:
    """The first one; made once."""
    user = users.find_user(ADMIN_NAME)
    user_id = user.id if user else None
    # What the test reads is to be as new as its own steps.
    db.session.rollback()
    return user_id or users.create_user(ADMIN_NAME, Role.ADMIN)


def signed_in(app: Flask, client: FlaskClient, user_id: uuid.UUID) -> FlaskClient:
    """A session of its own, and a page's token for what it sends."""
    client.set_cookie("session", sessions.open_session(user_id))
    header, raw = contextvars.Context().run(_page_token, app)
    with client.session_transaction() as cookie:
        cookie["csrf_token"] = raw
    client.environ_base["HTTP_X_CSRFTOKEN"] = header
    return client


def _page_token(app: Flask) -> tuple[str, str]:
    """What a page carries, and what the cookie holds of it."""
    with app.test_request_context():
        return generate_csrf(), session["csrf_token"]


def bearer(client: FlaskClient, token: str) -> FlaskClient:
    """A program: it sends the token, and knows nothing of cookies and pages."""
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


PASSWORD = "correct horse battery"
#: Of that password, by the product itself: hashing takes a fifth of a second, so it is done once for all tests.
PASSWORD_HASH = "$argon2id$v=19$m=65536,t=3,p=4$SmttqmtRci5EbkUrJnTSJA$/USn9wyTmkWIPaWHV075bEQRo27rrxaiLsHI1ZIclFo"


def a_user(name: str, role: Role = Role.MEMBER) -> uuid.UUID:
    """Somebody who knows PASSWORD."""
    with transaction() as connection:
        return users.insert_user(connection, name, role, PASSWORD_HASH)
