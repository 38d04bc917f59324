"""How the web process is served: some threads for requests; the live streams hold none, nothing is monkey-patched."""

import os
import sys
from importlib import import_module

from webapp.exposure import is_loopback
from webapp.settings import Settings, SettingsError

try:
    _settings = Settings.from_env()
except SettingsError as error:
    sys.exit(f"tilldone: {error}")

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host
bind = f"{_host}:{_settings.port}"
worker_class = "gthread"
# One process, unless WEB_CONCURRENCY says otherwise; gunicorn reads that itself.
# A live page gives its connection to the hub, so that threads are for requests alone: most wait for the database, and
# one interpreter has work for one core, however many there are (some 500 pages' streams are opened a second).
# With TLS in gunicorn, or another server, each live page does hold a thread.
threads = 16
# A page, its files and its partials come on one connection; a stopping worker waits 2 s at most for those that rest.
keepalive = 5
# A page names the scans that it shows, 200 at most, in its request for their news.
limit_request_line = 8190
# Done before the platform, or `tilldone up`, loses patience and kills.
graceful_timeout = max(1, int(_settings.grace_seconds) - 3)
# The workers' sign of life is a file: on a disk that stalls it would get them killed.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
control_socket_disable = True
# Who the visitor is, and whether by https, is told by TRUSTED_PROXIES alone; platforms set FORWARDED_ALLOW_IPS=*.
forwarded_allow_ips = ""
accesslog = None
errorlog = "-"
loglevel = "warning"


def post_worker_init(worker):
    """Streams would hold a stopping worker until it is killed: the hub ends them when the signal comes.

    Imported here and not above, for the arbiter is small as long as it imports nothing of the app.
    """
    import_module("webapp.live.hub").serve_in_worker(worker.cfg.threads)
    if worker.age == 1:
        import_module("webapp.routes.setup_offer").offer_setup_at_start(worker.wsgi)


def on_starting(server):
    """What the command line says overrides HOST: it must not open what was checked as closed."""
    hosts = [address[0] for address in server.cfg.address if isinstance(address, tuple)]
    if is_loopback(_settings.host) and not all(map(is_loopback, hosts)):
        sys.exit(f"tilldone: HOST: gunicorn is told to listen on {hosts[0]}; say so in HOST, not by --bind.")
    if server.cfg.reload and not all(map(is_loopback, hosts)):
        sys.exit("tilldone: reload: it is for development, on this machine alone; leave out --reload.")
