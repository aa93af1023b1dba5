"""The schema is what the migrations make, on both databases, and is looked at before work."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from digest.errors import SchemaMismatch
from digest.store import Store
from tests.integration.conftest import hash_email
from tests.support.samples import NOW, papers


def test_migrations_from_empty_give_exactly_the_tables(empty_url: str) -> None:
    store = Store(empty_url, hash_email=hash_email)
    store.upgrade()
    assert store.differences() == []
    store.close()


def test_a_second_upgrade_changes_nothing(store: Store) -> None:
    before = store.revision()
    store.upgrade()
    assert store.revision() == before
    store.check_schema()


def test_an_empty_database_is_refused_with_what_to_do(empty_url: str) -> None:
    store = Store(empty_url, hash_email=hash_email)
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


def test_sqlite_runs_as_we_rely_on(empty_sqlite_url: str) -> None:
    store = Store(empty_sqlite_url, hash_email=hash_email)
    store.upgrade()
    with store.write() as tx:
        ask = tx.runs._connection.exec_driver_sql
        assert ask("PRAGMA journal_mode").scalar_one() == "wal"
        assert ask("PRAGMA foreign_keys").scalar_one() == 1
        assert ask("PRAGMA synchronous").scalar_one() == 2
        assert ask("PRAGMA secure_delete").scalar_one() == 1
    store.close()


def test_a_new_sqlite_file_is_for_its_owner_only(empty_sqlite_url: str) -> None:
    store = Store(empty_sqlite_url, hash_email=hash_email)
    store.upgrade()
    path = Path(empty_sqlite_url.removeprefix("sqlite:///"))
    for file in path.parent.glob(f"{path.name}*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    store.close()


LOOK = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
print(database.execute("SELECT count(*) FROM papers").fetchone()[0])
database.close()
"""


def test_another_process_that_comes_and_goes_takes_nothing_with_it(sqlite_url: str) -> None:
    """The last process to leave deletes the journal: it must see that we still write to it."""
    path = sqlite_url.removeprefix("sqlite:///")

    def others_see() -> str:
        look = [sys.executable, "-c", LOOK, path]
        return subprocess.run(look, check=True, capture_output=True, text=True).stdout.strip()

    store = Store(sqlite_url, hash_email=hash_email)
    store.upgrade()
    with store.read() as one, store.read() as another:  # two connections
        assert one.papers.count() == another.papers.count() == 0
    assert others_see() == "0"
    with store.write() as tx:
        tx.papers.add(papers(3), source="arxiv", listed_at=NOW)
    assert others_see() == "3"
    store.close()
