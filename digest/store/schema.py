"""Migrations: the schema that the database has, and the one that this program wants."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from digest.errors import SchemaMismatch
from digest.resources import migrations_dir
from digest.store.tables import metadata


def current(connection: Connection) -> str | None:
    """Return the revision of the database, `None` for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """Return the revision that this program wants."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def check(connection: Connection) -> None:
    """Raise `SchemaMismatch` with what to do, unless the revisions are equal."""
    found = current(connection)
    wanted = head()
    if found == wanted:
        return
    if found is None:
        raise SchemaMismatch("the database is empty: run `digest db upgrade` first")
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found in known:
        raise SchemaMismatch(
            f"the database has schema {found}, this program wants {wanted}: "
            "make a backup, then run `digest db upgrade`"
        )
    raise SchemaMismatch(
        f"the database has schema {found}, which this program does not know: "
        "it was written by a newer version; install that one"
    )


def upgrade(connection: Connection) -> None:
    """Run every migration that is missing."""
    if current(connection) != head():
        command.upgrade(_config(connection), "head")


def differences(connection: Connection) -> list[str]:
    """Return what differs between the database and the tables, one line each."""
    context = MigrationContext.configure(
        connection,
        opts={"compare_type": True, "compare_server_default": True, "include_name": _is_plain},
    )
    return [str(difference) for difference in compare_metadata(context, metadata)]


def _is_plain(name: str | None, _kind: str, _parents: Any) -> bool:
    """Say whether a part of the database is one of the tables' own: indexes of words are not."""
    return not (name or "").startswith("paper_search") and name not in ("words", "ix_papers_words")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
