"""A SQLite database for a test, without a run of the migrations for each."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.store import Store


def new_database(folder: Path) -> str:
    """Write a `digest.db` with the present schema and nothing in it, and return its URL."""
    path = folder / "digest.db"
    path.touch(mode=0o600)
    path.write_bytes(_migrated())
    return f"sqlite:///{path}"


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "digest.db"
        store = Store(f"sqlite:///{path}", hash_email=str)
        store.upgrade()
        store.close()
        return path.read_bytes()
