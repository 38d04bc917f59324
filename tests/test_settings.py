"""What the environment says, and what it must not say."""

import secrets
from importlib import import_module
from pathlib import Path

import pytest

from webapp.reach import Profile, Reach
from webapp.settings import Settings, SettingsError

# By its name: the package's attribute `up` is the command itself.
up = import_module("webapp.cli.up")


def settings(tmp_path: Path, **env: str) -> Settings:
    return Settings.from_env({"TILLDONE_HOME": str(tmp_path), **env})


def test_an_empty_environment_is_enough(tmp_path: Path) -> None:
    found = settings(tmp_path)

    assert (found.host, found.port, found.worker_pool) == ("127.0.0.1", 8000, "prefork")
    assert found.database_url == f"sqlite:///{tmp_path}/tilldone.sqlite3"
    assert found.is_redis_embedded and found.broker_url == f"redis+socket://{tmp_path}/valkey.sock"


def test_the_local_secret_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    first, second = settings(tmp_path), settings(tmp_path)

    assert first.secret_key == second.secret_key and len(first.secret_key) == 64
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_urls_of_all_spellings_name_the_driver(tmp_path: Path, scheme: str) -> None:
    found = settings(tmp_path, DATABASE_URL=f"{scheme}://u:p@db/name")

    assert found.database_url == "postgresql+psycopg://u:p@db/name"


def test_a_broker_of_its_own_is_kept_apart(tmp_path: Path) -> None:
    found = settings(tmp_path, REDIS_URL="rediss://r:6379/1", CELERY_BROKER_URL="amqp://b//")

    assert (found.redis_url, found.broker_url) == ("rediss://r:6379/1", "amqp://b//")
    assert not found.is_redis_embedded


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "80.5"),
        ("PORT", "nan"),
        ("WORKER_POOL", "fibers"),
        ("HUB", "elsewhere"),
        ("MAX_STREAMS", "0"),
        ("WORKER_CONCURRENCY", "-1"),
        ("LEASE_SECONDS", "0"),
        ("GRACE_SECONDS", "soon"),
        ("HOST_CONCURRENCY", "1.5"),
        ("HOST_CONCURRENCY", "-1"),
        ("HOST_STARTS_PER_SECOND", "one"),
        ("HOST_BREAKER_FAILURES", "-1"),
        ("HOST_BREAKER_SECONDS", "0"),
        ("HOST_PAUSE_CAP", "1e9"),
        ("LOG_LEVEL", "LOUD"),
        ("REDIS_URL", "http://r"),
        ("DATABASE_URL", "mysql://db"),
        ("CELERY_BROKER_URL", "sqs://"),
        ("SCAN_PROFILE", "open"),
        ("SCAN_ALLOW", "10.0.0.1/8"),
        ("SCAN_ALLOW", "intranet.example,http://other.example"),
        ("CA_BUNDLE", "/no/such/file.pem"),
        ("CA_BUNDLE", __file__),
    ],
)
def test_a_value_that_cannot_be_meant_names_its_variable(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        settings(tmp_path, **{name: value})


def test_a_home_that_cannot_be_written_names_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match="^TILLDONE_HOME: "):
        settings(tmp_path / "file" / "home")


def test_scans_reach_what_the_environment_adds_to_the_public_addresses(tmp_path: Path) -> None:
    assert settings(tmp_path).reach == Reach()

    found = settings(tmp_path, SCAN_PROFILE="local", SCAN_ALLOW="10.0.0.0/8,intranet.example:8080").reach

    assert found.profile is Profile.LOCAL
    assert [str(rule) for rule in found.allow] == ["10.0.0.0/8", "intranet.example:8080"]


SERVED = {"SECRET_KEY": secrets.token_hex(32), "TRUSTED_HOSTS": "tilldone.example.com"}


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({"SCAN_PROFILE": "local", "HOST": "0.0.0.0"}, "SCAN_PROFILE"),
        ({"SCAN_PROFILE": "local", "DYNO": "worker.1"}, "SCAN_PROFILE"),
        ({"SCAN_ALLOW": "10.0.0.0/8,0.0.0.0/0", "HOST": "0.0.0.0"}, "SCAN_ALLOW"),
        ({"SCAN_ALLOW": "::/0", "FLY_APP_NAME": "app"}, "SCAN_ALLOW"),
    ],
)
def test_nobody_else_may_look_around_in_our_network(tmp_path: Path, env: dict[str, str], names: str) -> None:
    with pytest.raises(SettingsError, match=f"^{names}: "):
        settings(tmp_path, **SERVED, **env)


def test_up_looks_around_at_home_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home = settings(tmp_path)
    served = settings(tmp_path, **SERVED, HOST="0.0.0.0")

    assert up.profile_of(at_home) is Profile.LOCAL
    assert up.profile_of(served) is Profile.PUBLIC

    monkeypatch.setenv("K_SERVICE", "tilldone")
    assert up.profile_of(at_home) is Profile.PUBLIC


def test_a_sidecar_has_its_socket_beside_the_data_and_up_starts_it_only_then(tmp_path: Path) -> None:
    without, beside = settings(tmp_path), settings(tmp_path, HUB="sidecar")

    assert without.hub_socket is None
    assert beside.hub_socket == tmp_path / "hub.sock"
    assert "hub" not in up.commands_of(without)
    assert {"hub", "web", "worker", "beat", "valkey"} <= up.commands_of(beside).keys()
