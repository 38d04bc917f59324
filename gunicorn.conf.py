"""How the web process is served: threads, since every open page holds a stream; nothing monkey-patched."""

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
# Each open page holds one for its stream: webapp.live.hub.MAX_STREAMS, and some for everything else.
threads = 64
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
    import_module("webapp.live.hub").stop_on_sigterm()
    if worker.age == 1:
        import_module("webapp.routes.setup_offer").offer_setup_at_start(worker.wsgi)


def on_starting(server):
    """What the command line says overrides HOST: it must not open what was checked as closed."""
    hosts = [address[0] for address in server.cfg.address if isinstance(address, tuple)]
    if is_loopback(_settings.host) and not all(map(is_loopback, hosts)):
        sys.exit(f"tilldone: HOST: gunicorn is told to listen on {hosts[0]}; say so in HOST, not by --bind.")
    if server.cfg.reload and not all(map(is_loopback, hosts)):
        sys.exit("tilldone: reload: it is for development, on this machine alone; leave out --reload.")
