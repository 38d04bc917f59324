"""A new password as the forms ask for it: twice, since nobody sees what they type."""

from flask import request

from webapp.auth.errors import WeakPassword


def typed_password() -> str:
    """Raises WeakPassword when the two are not the same."""
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        raise WeakPassword("The two passwords are not the same. Type them again.")
    return password
