"""The schema is what the migrations make, on both databases, and is looked at before work."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from digest.errors import SchemaMismatch
from digest.store import Store
from tests.integration.conftest import hash_email


def test_migrations_from_empty_give_exactly_the_tables(url: str) -> None:
    store = Store(url, hash_email=hash_email)
    store.upgrade()
    assert store.differences() == []
    store.close()


def test_a_second_upgrade_changes_nothing(store: Store) -> None:
    before = store.revision()
    store.upgrade()
    assert store.revision() == before
    store.check_schema()


def test_an_empty_database_is_refused_with_what_to_do(url: str) -> None:
    store = Store(url, hash_email=hash_email)
    with pytest.raises(SchemaMismatch, match="run `digest db upgrade`"):
        store.check_schema()
    assert store.revision() is None
    store.close()


def test_a_schema_from_the_future_is_refused(url: str, store: Store) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'ffff'"))
    engine.dispose()
    with pytest.raises(SchemaMismatch, match="newer version"):
        store.check_schema()


def test_sqlite_runs_in_wal_mode_with_foreign_keys_and_full_sync(sqlite_url: str) -> None:
    store = Store(sqlite_url, hash_email=hash_email)
    store.upgrade()
    with store.write() as tx:
        ask = tx.runs._connection.exec_driver_sql
        assert ask("PRAGMA journal_mode").scalar_one() == "wal"
        assert ask("PRAGMA foreign_keys").scalar_one() == 1
        assert ask("PRAGMA synchronous").scalar_one() == 2
    store.close()


def test_a_new_sqlite_file_is_for_its_owner_only(sqlite_url: str) -> None:
    store = Store(sqlite_url, hash_email=hash_email)
    store.upgrade()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    for file in path.parent.glob(f"{path.name}*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    store.close()
