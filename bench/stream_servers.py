"""The servers of the benchmark of the stream, each with a way to publish and a look at what it costs."""

import http.client
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from flask import Flask

from tests.process import PYTHON, Process
from tests.stack import Site, environment, free_port
from tests.valkey_server import ValkeyServer
from webapp.live import publisher
from webapp.live.events import to_json
from webapp.live.publisher import publish
from webapp.scans.change import Change
from webapp.settings import Settings

NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
_NCHAN_CONF = """
load_module {module};
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error; worker_rlimit_nofile 15000;
events {{ worker_connections 12000; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  scgi_temp_path {folder}/d; uwsgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /publish {{ nchan_publisher http; nchan_channel_id news; nchan_message_buffer_length 1000; }}
    location = /stream {{ nchan_subscriber eventsource; nchan_channel_id news; nchan_subscriber_first_message newest; }}
  }}
}}
"""


@dataclass(frozen=True)
class Server:
    """``ready`` is what a stream begins with once it misses nothing; without it there is ``subscribers`` to ask."""

    name: str
    address: str
    header: str
    ready: str
    publish: Callable[[Change], None]
    processes: list[psutil.Process]
    process: Process
    subscribers: Callable[[], int] | None = None

    def cpu_seconds(self) -> float:
        times = [process.cpu_times() for process in self.processes]
        return sum(each.user + each.system for each in times)

    def memory(self) -> int:
        """Bytes that are these processes' own."""
        return sum(process.memory_full_info().uss for process in self.processes)


@contextmanager
def ours(settings: Settings, *, tick_seconds: float) -> Iterator[Server]:
    """The whole app; its streams are served by web, or by the sidecar where the settings say so."""
    port = free_port()
    extra = {"PORT": str(port), "HOST": "127.0.0.1", "LOG_LEVEL": "WARNING", "BENCH_TICK_SECONDS": str(tick_seconds)}
    env = environment(settings, HUB=settings.hub, **extra)
    sidecar = Process([PYTHON, "-m", "bench.live_app"], env) if settings.hub == "sidecar" else None
    web = Process([PYTHON, "-m", "gunicorn", "--log-level", "info", "bench.live_app:app"], env)
    try:
        web.wait_for("Booting worker", 30)
        if sidecar:
            sidecar.wait_for("serves live streams", 30)
        site = Site(f"http://127.0.0.1:{port}")
        site.settings, site.process = settings, web
        header = "".join(f"{name}: {value}" for name, value in site.bearer.items())
        serving = [psutil.Process(sidecar.pid)] if sidecar else _children(web)
        name = "Tilldone, sidecar" if sidecar else "Tilldone"
        yield Server(name, f"{site}/api/v1/events", header, "event: open", _publisher(settings), serving, web)
    finally:
        web.stop()
        if sidecar:
            sidecar.stop()


@contextmanager
def flask_sse(valkey: ValkeyServer) -> Iterator[Server]:
    """One gevent worker; a Redis connection for each stream."""
    port = free_port()
    options = [
        "-c",
        "/dev/null",
        "-k",
        "gevent",
        "--worker-connections",
        "12000",
        "-b",
        f"127.0.0.1:{port}",
        "--log-level",
        "info",
    ]
    process = Process([PYTHON, "-m", "gunicorn", *options, "bench.flask_sse_app:app"], {"REDIS_URL": valkey.url})
    client = valkey.client()

    def tell(change: Change) -> None:
        client.publish("sse", json.dumps({"data": to_json(change), "type": "scan"}))

    try:
        process.wait_for("Booting worker", 30)
        yield Server(
            "flask-sse 1.0, gevent",
            f"http://127.0.0.1:{port}/stream",
            "",
            "",
            tell,
            _children(process),
            process,
            lambda: client.pubsub_numsub("sse")[0][1],
        )
    finally:
        process.stop()


@contextmanager
def nchan(folder: Path) -> Iterator[Server]:
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(_NCHAN_CONF.format(module=NCHAN, folder=folder, port=port))
    process = Process([str(shutil.which("nginx", path="/usr/sbin:" + os.environ["PATH"])), "-c", str(conf)], {})
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def tell(change: Change) -> None:
        connection.request("POST", "/publish", json.dumps(to_json(change)))
        connection.getresponse().read()

    try:
        _wait_for_port(connection)
        yield Server(
            "nginx + nchan", f"http://127.0.0.1:{port}/stream", "", "\r\n\r\n", tell, _children(process), process
        )
    finally:
        process.stop()


def has_nchan() -> bool:
    return NCHAN.exists() and shutil.which("nginx", path="/usr/sbin:" + os.environ["PATH"]) is not None


def _publisher(settings: Settings) -> Callable[[Change], None]:
    """As a worker tells its news."""
    app = Flask("publishing")
    publisher.init_app(app, settings.redis_url)

    def tell(change: Change) -> None:
        with app.app_context():
            publish([change])

    return tell


def _children(process: Process) -> list[psutil.Process]:
    """Those that serve; the process itself only watches over them."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if children := psutil.Process(process.pid).children():
            return children
        time.sleep(0.05)
    raise TimeoutError("no worker")


def _wait_for_port(connection: http.client.HTTPConnection) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return connection.connect()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
