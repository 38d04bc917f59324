"""Where a browser on this machine, or anywhere, finds the server."""

from typing import Final

from webapp.settings import Settings

#: An address that means "all of them" is not one that a browser could open.
_REACHABLE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # nosec B104


def reachable(host: str) -> str:
    return _REACHABLE.get(host, host)


def local_url(settings: Settings) -> str:
    host = reachable(settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def site_url(settings: Settings) -> str:
    """Its name in the open, where it has one."""
    named = next((name for name in settings.trusted_hosts if not name.startswith(".")), None)
    return f"https://{named}" if named and settings.trusted_proxies else local_url(settings)
