"""What must never be possible by accident stops the start, with one line that names the variable."""

from pathlib import Path

import pytest

from tests.process import PYTHON, Process
from tests.sign_in import PASSWORD_HASH
from tests.stack import free_port
from webapp.settings import Settings, SettingsError

KEY = "4f1d0c9a7be2835566aa10c3f7d2e9b84f1d0c9a7be2835566aa10c3f7d2e9b8"
OPEN = {"HOST": "0.0.0.0", "SECRET_KEY": KEY}
RENDER = OPEN | {"RENDER": "true", "RENDER_EXTERNAL_HOSTNAME": "Tilldone.onrender.com"}


@pytest.mark.parametrize(
    ("name", "env"),
    [
        ("SECRET_KEY", {"HOST": "0.0.0.0"}),
        ("SECRET_KEY", {"HOST": "::"}),
        ("SECRET_KEY", {"HOST": "10.0.0.7"}),
        ("SECRET_KEY", {"HOST": "a-name-of-mine"}),
        ("SECRET_KEY", OPEN | {"SECRET_KEY": "only twenty-six characters"}),
        ("SECRET_KEY", OPEN | {"SECRET_KEY": "change-me-change-me-change-me-change-me"}),
        ("SECRET_KEY", OPEN | {"SECRET_KEY": "my-super-secret-key-that-is-long-enough"}),
        ("SECRET_KEY", OPEN | {"SECRET_KEY": "0" * 64}),
        ("FLASK_DEBUG", OPEN | {"FLASK_DEBUG": "1"}),
        ("FLASK_DEBUG", OPEN | {"FLASK_DEBUG": "True"}),
        ("WERKZEUG_DEBUG_PIN", OPEN | {"WERKZEUG_DEBUG_PIN": "off"}),
        ("ADMIN_PASSWORD", {"ADMIN_PASSWORD": "hunter2 hunter2"}),
        ("ADMIN_PASSWORD_HASH", {"ADMIN_PASSWORD_HASH": "correct horse battery"}),
        ("ADMIN_PASSWORD_HASH", {"ADMIN_PASSWORD_HASH": "$2b$12$" + "a" * 53}),
        ("ADMIN_PASSWORD_HASH", {"ADMIN_PASSWORD_HASH": PASSWORD_HASH.replace("$", "")}),
        ("ADMIN_PASSWORD_HASH", {"ADMIN_PASSWORD_HASH": PASSWORD_HASH.replace("m=65536", "m=64")}),
        ("SCAN_PROFILE", RENDER | {"SCAN_PROFILE": "local"}),
        ("SCAN_PROFILE", OPEN | {"SCAN_PROFILE": "local"}),
        ("SCAN_ALLOW", RENDER | {"SCAN_ALLOW": "0.0.0.0/0"}),
        ("TRUSTED_HOSTS", OPEN | {"DYNO": "web.1"}),
        ("TRUSTED_HOSTS", OPEN | {"K_SERVICE": "tilldone"}),
        ("TRUSTED_HOSTS", OPEN | {"TRUSTED_HOSTS": "*"}),
        ("REDIS_URL", {"REDIS_URL": "redis://redis.example:6379/0"}),
        ("REDIS_URL", {"REDIS_URL": "redis://10.0.0.7/0"}),
        ("CELERY_BROKER_URL", {"CELERY_BROKER_URL": "redis://broker.example/1"}),
        ("DATABASE_URL", {"DATABASE_URL": "postgres://postgres:postgres@db.example/tilldone"}),
        ("REDIS_URL", {"REDIS_URL": "rediss://:changeme@redis.example:6379/0"}),
        ("CELERY_BROKER_URL", {"CELERY_BROKER_URL": "amqps://guest:guest@mq.example//"}),
        ("HTTP_PLAINTEXT_OK", {"HTTP_PLAINTEXT_OK": "maybe"}),
        ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": "*"}),
    ],
)
def test_it_stops_the_start(tmp_path: Path, name: str, env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=rf"^{name}: [^\n]+\.$") as raised:
        Settings.from_env({"TILLDONE_HOME": str(tmp_path), **env})

    for value in env.values():
        assert len(value) < 20 or value not in str(raised.value), "the line tells no secret"


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"HOST": "localhost", "SECRET_KEY": "short"},
        {"HOST": "::1", "FLASK_DEBUG": "1"},
        OPEN,
        OPEN | {"FLASK_DEBUG": "0"},
        OPEN | {"DYNO": "web.1", "TRUSTED_HOSTS": "tilldone.example.com"},
        {"DYNO": "worker.1", "SECRET_KEY": KEY},
        RENDER,
        {"ADMIN_PASSWORD_HASH": PASSWORD_HASH},
        {"REDIS_URL": "redis://127.0.0.1:6379/0"},
        {"REDIS_URL": "rediss://:a-long-password-of-its-own@redis.example:6379/0"},
        {"REDIS_URL": "redis://redis:6379/0", "REDIS_PLAINTEXT_OK": "1"},
        {"DATABASE_URL": "postgres://postgres:postgres@127.0.0.1/tilldone"},
    ],
)
def test_what_is_meant_starts(tmp_path: Path, env: dict[str, str]) -> None:
    Settings.from_env({"TILLDONE_HOME": str(tmp_path), **env})


@pytest.mark.parametrize(
    ("env", "hosts"),
    [
        ({"RENDER": "true", "RENDER_EXTERNAL_HOSTNAME": "Tilldone.onrender.com"}, ("tilldone.onrender.com",)),
        ({"FLY_APP_NAME": "tilldone"}, ("tilldone.fly.dev",)),
        ({"RAILWAY_PROJECT_ID": "1", "RAILWAY_PUBLIC_DOMAIN": "t.up.railway.app"}, ("t.up.railway.app",)),
        ({"DYNO": "web.1", "HEROKU_APP_DEFAULT_DOMAIN_NAME": "t-1.herokuapp.com"}, ("t-1.herokuapp.com",)),
        ({"FLY_APP_NAME": "t", "TRUSTED_HOSTS": "A.example, .b.example"}, ("a.example", ".b.example")),
    ],
)
def test_a_platform_tells_the_name_and_has_one_router(
    tmp_path: Path, env: dict[str, str], hosts: tuple[str, ...]
) -> None:
    settings = Settings.from_env({"TILLDONE_HOME": str(tmp_path), **OPEN, **env})

    assert (settings.trusted_hosts, settings.trusted_proxies) == (hosts, 1)


def ended(*argv: str, home: Path, **env: str) -> tuple[int, str]:
    process = Process([PYTHON, "-m", *argv], {"TILLDONE_HOME": str(home), **env})
    try:
        return process.wait(30), process.output
    finally:
        process.stop()


@pytest.mark.parametrize("option", ["--bind", "--reload"])
def test_the_command_line_of_gunicorn_opens_nothing_that_was_checked_as_closed(tmp_path: Path, option: str) -> None:
    port = str(free_port())
    words = ["gunicorn", *(["--bind", f"0.0.0.0:{port}"] if option == "--bind" else ["--reload"]), "wsgi:app"]
    env = {"HOST": "0.0.0.0", "SECRET_KEY": KEY} if option == "--reload" else {}

    status, said = ended(*words, home=tmp_path, PORT=port, **env)

    assert status != 0
    assert ("tilldone: HOST: " if option == "--bind" else "tilldone: reload: ") in said, said
