"""What can be wrong with what somebody asks of users, tokens and links."""


class AuthError(Exception):
    """Base; the message is for the person who asked: what is wrong, and what to do."""


class WeakPassword(AuthError):
    """Raised for a password that is too short, too long or known to everybody."""


class OddName(AuthError):
    """Raised for a name that cannot be used or is taken."""


class NoSuchUser(AuthError):
    """Raised when nobody has this id or name."""


class LastAdmin(AuthError):
    """Raised for a change after which nobody could let anybody in."""


class LinkSpent(AuthError):
    """Raised for a one-time link that is unknown, used or too old."""


class Busy(AuthError):
    """Raised when as many passwords are being checked as the machine can bear."""
