"""`tilldone doctor`: all that would stop a start or keep scans from going on, told before it does."""

import os
import sys
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import click
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tasks.presence import BEAT, WORKER, seen_lately
from tasks.wake import is_broker_reachable
from webapp import exposure
from webapp.auth import coming_in
from webapp.cli.prepare import newest_revision
from webapp.cli.refused import first_line
from webapp.cli.stores import cannot_use, database
from webapp.database import db
from webapp.live.redis_client import get_quick_redis
from webapp.settings import Settings, SettingsError

_MARKS: Final = {True: "ok  ", False: "FAIL", None: "note"}


class Finding(NamedTuple):
    """Good, bad, or (None) good to know; the words of a bad one name the variable and the cure."""

    is_good: bool | None
    words: str


@click.command()
def doctor() -> None:
    """Check the settings and reach for database, Redis and broker; exits 1 if anything is wrong."""
    findings = []
    for finding in examine():
        click.echo(f"{_MARKS[finding.is_good]}  {finding.words}")
        findings.append(finding)
    sys.exit(1 if any(finding.is_good is False for finding in findings) else 0)


def examine() -> Iterator[Finding]:
    """One finding after the other, so that one that takes its time holds up none that came before."""
    try:
        settings = Settings.read(os.environ)
    except SettingsError as error:
        yield Finding(False, str(error))
        return
    yield from _exposure(settings)
    with database(settings) as app:
        for check in (_database, _redis, _broker, _processes):
            yield from check(app, settings)


def _exposure(settings: Settings) -> Iterator[Finding]:
    faults = list(exposure.faults(os.environ, settings.host, settings.trusted_hosts))
    yield from (Finding(False, fault) for fault in faults)
    if not faults:
        is_closed = exposure.is_loopback(settings.host)
        who = "only this machine" if is_closed else "others"
        yield Finding(True, f"settings: nothing is open by accident (HOST={settings.host}: {who} can reach it)")
    if settings.is_http_allowed:
        yield Finding(None, "HTTP_PLAINTEXT_OK: people may sign in over http, where others on the way read along")
    if os.environ.get("REDIS_PLAINTEXT_OK") == "1":
        yield Finding(None, "REDIS_PLAINTEXT_OK: what goes to Redis is not encrypted")


def _database(app: Flask, settings: Settings) -> Iterator[Finding]:
    try:
        yield from _schema(settings)
    except DBAPIError as error:
        yield Finding(False, cannot_use(settings, first_line(error.orig or error)))


def _schema(settings: Settings) -> Iterator[Finding]:
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        try:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        except DBAPIError:
            found = None
    yield Finding(True, "DATABASE_URL: the database answers")
    if found != newest_revision():
        yield Finding(False, f"schema: at {found or 'nothing'}, and not at {newest_revision()}; run `tilldone migrate`")
        return
    yield Finding(True, f"schema: up to date ({found})")
    is_set_up = coming_in.is_set_up(settings)
    words = "there is an admin" if is_set_up else "nobody can sign in yet; web prints a link for the first admin"
    yield Finding(is_set_up or None, f"sign-in: {words}")


def _redis(app: Flask, settings: Settings) -> Iterator[Finding]:
    if settings.is_redis_embedded and not settings.redis_socket.exists():
        yield Finding(None, "REDIS_URL: not set, and the embedded Valkey does not run; `tilldone up` starts it")
        return
    client = get_quick_redis(app)
    yield _of("REDIS_URL", "Redis answers", "start that server or correct the address", client.ping)


def _broker(app: Flask, settings: Settings) -> Iterator[Finding]:
    if settings.is_redis_embedded and not settings.redis_socket.exists() and settings.broker_url.startswith("redis+"):
        return
    cure = "start that broker or correct the address"
    yield _of("CELERY_BROKER_URL", "the broker answers", cure, is_broker_reachable)


def _processes(app: Flask, settings: Settings) -> Iterator[Finding]:
    for kind in (WORKER, BEAT):
        try:
            is_there = seen_lately(kind)
        except Exception:  # that Redis is away was said before
            return
        words = "seen within 15 s" if is_there else "none was seen within 15 s: nothing goes on until one is started"
        yield Finding(is_there or None, f"{kind}: {words}")


def _of(name: str, good: str, cure: str, check: Callable[[], object]) -> Finding:
    try:
        is_good, reason = bool(check()), "no answer"
    except Exception as error:  # whatever is wrong with it, this is what is wrong
        is_good, reason = False, first_line(error)
    return Finding(is_good, f"{name}: {good}" if is_good else f"{name}: {reason}; {cure}")
