"""What the environment says, and what it must not say."""

from pathlib import Path

import pytest

from webapp.settings import Settings, SettingsError


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
        ("WORKER_CONCURRENCY", "-1"),
        ("LEASE_SECONDS", "0"),
        ("GRACE_SECONDS", "soon"),
        ("LOG_LEVEL", "LOUD"),
        ("REDIS_URL", "http://r"),
        ("DATABASE_URL", "mysql://db"),
        ("CELERY_BROKER_URL", "sqs://"),
    ],
)
def test_a_value_that_cannot_be_meant_names_its_variable(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        settings(tmp_path, **{name: value})


def test_a_home_that_cannot_be_written_names_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match="^TILLDONE_HOME: "):
        settings(tmp_path / "file" / "home")
