"""What the environment says of where scans may go, and by what way."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from webapp.allow_list import AllowRule, parse_allow_list

_ALLOW_EXAMPLE: Final = "10.0.0.0/8,intranet.example,*.svc.local,127.0.0.1:8080"


class Profile(StrEnum):
    """What may be reached without being named in SCAN_ALLOW."""

    #: On a server: public addresses only.
    PUBLIC = "public"
    #: On a person's own machine: also that machine and its network, by the addresses that the person typed.
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Reach:
    """Where scans may go, and in whose name."""

    profile: Profile = Profile.PUBLIC
    #: What they may reach although it is not public.
    allow: tuple[AllowRule, ...] = ()
    #: What they may never reach, whatever else is said: hosts whose owners asked to be left alone.
    block: tuple[AllowRule, ...] = ()
    #: How the owners of targets find whoever runs this server; part of the User-Agent.
    contact: str = ""
    #: A file of certificate authorities that are trusted beside the usual ones.
    ca_bundle: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises ValueError with the name of the variable that cannot be meant."""
        return cls(
            profile=_profile(env),
            allow=_places(env, "SCAN_ALLOW"),
            block=_places(env, "BLOCK_HOSTS"),
            contact=_contact(env),
            ca_bundle=_ca_bundle(env),
        )


def _profile(env: Mapping[str, str]) -> Profile:
    given = env.get("SCAN_PROFILE") or Profile.PUBLIC
    if given not in tuple(Profile):
        raise ValueError(f"SCAN_PROFILE: {given!r} is none of {', '.join(Profile)}.")
    return Profile(given)


def _places(env: Mapping[str, str], name: str) -> tuple[AllowRule, ...]:
    try:
        return parse_allow_list(env.get(name) or "")
    except ValueError as error:
        raise ValueError(f"{name}: {error}; it lists such as {_ALLOW_EXAMPLE}.") from None


def _contact(env: Mapping[str, str]) -> str:
    text = (env.get("CONTACT") or "").strip()
    if text and not (text.isascii() and text.isprintable() and len(text) <= 200 and not set(text) & set("();\\")):
        raise ValueError("CONTACT: give an address such as https://example.com/bots or mailto:ops@example.com.")
    return text


def _ca_bundle(env: Mapping[str, str]) -> Path | None:
    if not env.get("CA_BUNDLE"):
        return None
    path = Path(env["CA_BUNDLE"]).expanduser().resolve()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:  # ssl.SSLError is one
        raise ValueError(f"CA_BUNDLE: {path} is no file of PEM certificates ({error.strerror or error}).") from None
    return path
