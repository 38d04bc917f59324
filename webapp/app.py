"""The only wiring: settings in, a Flask app out, and Celery configured with it."""

from functools import partial
from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import tasks.celery
import tasks.host_gate
from webapp.auth.standing import still_stand
from webapp.database import init_database
from webapp.live import hub, publisher, redis_client
from webapp.live.pace import MAX_OF_AN_OWNER, Pace
from webapp.routes import (
    account,
    api_batches,
    api_scans,
    api_templates,
    api_try,
    api_workers,
    cookies,
    csrf,
    error_pages,
    gate,
    health,
    hosts,
    invitation,
    pages,
    people,
    presentation,
    retention,
    same_origin,
    sample,
    security_headers,
    setup,
    sign_in,
    standing,
    stream,
    throttle,
    tokens,
)
from webapp.scans import sealing
from webapp.settings import Settings

_ROOT = Path(__file__).resolve().parent.parent
#: Connections that a web process may hold; its threads wait for one rather than fail.
_WEB_POOL_SIZE = 16


def create_app(settings: Settings) -> Flask:
    """Build the app; nothing is connected yet."""
    app = Flask("webapp", template_folder=str(_ROOT / "templates"), static_folder=str(_ROOT / "static"))
    if settings.trusted_proxies:
        # Not x_host: TRUSTED_HOSTS judges what the browser asked for. And each router sets its own X-Forwarded-Proto.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=1)  # type: ignore[method-assign]
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.limits.request_bytes,
        MAX_FORM_MEMORY_SIZE=settings.limits.request_bytes,
        MAX_FORM_PARTS=settings.limits.form_parts,
    )
    app.extensions["tilldone.settings"] = settings
    sealing.init_app(app, settings.header_keys, forgets_at_end=settings.forget_secrets)
    init_database(app, settings.database_url, pool_size=_WEB_POOL_SIZE)
    redis_client.init_app(app, settings.redis_url)
    publisher.init_app(app, settings.redis_url)
    own_hub = hub.make_hub(
        app, settings.redis_url, max_streams=settings.max_streams, max_of_an_owner=MAX_OF_AN_OWNER, pace=Pace()
    )
    own_hub.keep_door(partial(still_stand, app))
    hub.init_app(app, own_hub, sidecar=settings.hub_socket)
    tasks.celery.configure(app, settings)
    tasks.host_gate.init_app(app, settings)
    # In this order before each request: is it for us, from a page of ours, and by whom.
    for part in (
        hosts,
        same_origin,
        cookies,
        csrf,
        gate,
        security_headers,
        presentation,
        retention,
        standing,
        error_pages,
    ):
        part.init_app(app)
    for blueprint in (
        pages.bp,
        sample.bp,
        api_scans.bp,
        api_batches.bp,
        api_try.bp,
        api_templates.bp,
        api_workers.bp,
        stream.bp,
        health.bp,
    ):
        app.register_blueprint(blueprint)
    for door in (sign_in, setup, invitation, account, tokens, people):
        app.register_blueprint(door.bp)
    throttle.init_app(app, settings.limits)
    return app
