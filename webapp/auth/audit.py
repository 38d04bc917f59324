"""The log of who came in and who was given what: one line an event, facts at its end, never a secret."""

import logging

log = logging.getLogger("tilldone.audit")


def note(event: str, **facts: object) -> None:
    """Facts may be what a stranger typed: they are written so that they can neither end a line nor forge a fact."""
    log.info("%s%s", event, "".join(f" {name}={_plain(value)}" for name, value in facts.items()))


def _plain(value: object) -> str:
    text = str(value)[:100]
    return text if text and all(letter.isalnum() or letter in "-_.:@/" for letter in text) else ascii(text)
