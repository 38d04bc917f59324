"""What every test may ask for: a database of either kind, the app, a client, and real servers."""

import contextlib
import contextvars
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.postgres_server import PostgresServer
from tests.reach import LOOPBACK
from tests.sign_in import an_admin, signed_in
from webapp.app import create_app
from webapp.database import db
from webapp.limits import Limits
from webapp.live.redis_client import get_redis
from webapp.migrate import upgrade
from webapp.settings import Settings

pytest_plugins = [
    "tests.valkey_server",
    "tests.postgres_server",
    "tests.rabbitmq_server",
    "tests.target",
    "tests.httpbin_server",
]


NO_HOST_LIMITS: Final[dict[str, Any]] = {
    "host_concurrency": 0,
    "host_starts_per_second": 0.0,
    "host_breaker_failures": 0,
    "host_pause_cap": 0.0,
}


#: Tests submit faster than anybody should.
NO_PACE: Final = Limits(submits_per_minute=0, calls_per_minute=0)
HEADER_KEY = "a2V5IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZyE="


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of few tests first: these wait for processes, and none of them is to be what is left at the end."""
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: sizes[item.path])


def settings_for(home: Path, database_url: str, redis_url: str) -> Settings:
    return Settings(
        home=home,
        secret_key="a key that only the tests know, of 32+ bytes",
        database_url=database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        header_keys=(HEADER_KEY,),
        redis_url=redis_url,
        broker_url=redis_url.replace("unix://", "redis+socket://", 1),
        worker_concurrency=2,
        reach=LOOPBACK,
        limits=NO_PACE,
        # One target on loopback stands for all hosts of the world.
        **NO_HOST_LIMITS,
    )


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, copied for each test: migrating takes far longer than copying."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    app = create_app(settings_for(path.parent, f"sqlite:///{path}", "unix:///nowhere.sock"))
    upgrade(app)
    with app.app_context():
        db.engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = postgres.create_database()
    app = create_app(settings_for(tmp_path_factory.mktemp("pg"), url, "unix:///nowhere.sock"))
    upgrade(app)
    with app.app_context():
        db.engine.dispose()
    return postgres.name(url)


@pytest.fixture(scope="session")
def sqlite_copy(sqlite_template: Path) -> Callable[[Path], str]:
    """Makes an empty database in a folder; returns its URL."""

    def copy(folder: Path) -> str:
        path = folder / "tilldone.sqlite3"
        shutil.copy(sqlite_template, path)
        return f"sqlite:///{path}"

    return copy


@pytest.fixture
def sqlite_url(sqlite_copy: Callable[[Path], str], tmp_path: Path) -> str:
    return sqlite_copy(tmp_path)


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    url = postgres.create_database(postgres_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs twice, once on each database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str, redis_url: str) -> Settings:
    return settings_for(tmp_path, sqlite_url, redis_url)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The app on SQLite, in its context."""
    yield from _alone(settings)


@pytest.fixture
def either_app(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[Flask]:
    """The app in its context, once on SQLite and once on PostgreSQL."""
    yield from _alone(settings_for(tmp_path, database_url, redis_url))


class OutsideClient(FlaskClient):
    """Asks from outside of the test's own app context, as a browser does: the two share no database session."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return contextvars.Context().run(super().open, *args, **kwargs)


@pytest.fixture
def anonymous_client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in; there is an admin who could."""
    an_admin()
    app.test_client_class = OutsideClient
    return app.test_client()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser in which the admin has signed in; its forms and fetches carry the token of its pages."""
    app.test_client_class = OutsideClient
    return signed_in(app, app.test_client(), an_admin())


def running_app(settings: Settings) -> Iterator[Flask]:
    """For fixtures: the app of these settings, in its context."""
    app = create_app(settings)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def _alone(settings: Settings) -> Iterator[Flask]:
    """Wake-ups that no worker took must not be the work of the next test's."""
    for app in running_app(settings):
        yield app
        with contextlib.suppress(redis.RedisError):
            get_redis(app).flushall()
