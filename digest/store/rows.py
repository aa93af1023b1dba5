"""What several nouns need to turn rows into values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Dialect, Row, Table, Update, case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from digest.model import AsListed, Link, LinkKind, Paper
from digest.store.tables import papers

T = TypeVar("T")

# Both databases limit the number of parameters of one statement.
_CHUNK = 500


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items in lists that fit one statement."""
    iterator = iter(items)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


def paper_of(row: Row[Any]) -> Paper:
    """Make a paper of a row that holds the columns of the table `papers`."""
    return Paper(
        key=row.key,
        title=row.title,
        abstract=row.abstract,
        authors=tuple(row.authors),
        categories=tuple(row.categories),
        links=tuple(Link(LinkKind(kind), url) for kind, url in row.links),
        organisation=row.organisation,
        as_listed=row.as_listed and _as_listed(row.as_listed),
        version=row.version,
        published_at=row.published_at,
        updated_at=row.updated_at,
    )


def _as_listed(told: Mapping[str, Any]) -> AsListed:
    at = told["submitted_at"]
    return AsListed(at and datetime.fromisoformat(at), told["has_media"], told["keywords"])


def possible(keys: Iterable[str]) -> dict[str, None]:
    """Return the keys that papers may have, each once: PostgreSQL takes no NUL in a text."""
    return dict.fromkeys(key for key in keys if "\0" not in key)


def paper_ids(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    """Return the row ids of those papers that are known."""
    found: dict[str, int] = {}
    for chunk in chunks(possible(keys)):
        rows = connection.execute(select(papers.c.key, papers.c.id).where(papers.c.key.in_(chunk)))
        found.update((row.key, row.id) for row in rows)
    return found


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows whose values are as the driver takes them, in the order of the table's columns.

    Twice as fast as rows by name: for a table that holds a row for every paper of every mail.
    """
    if rows:
        names = ", ".join(table.columns.keys())
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        marks = ", ".join(mark for _ in table.columns)
        # Only names of our own stand in the statement.
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608
        connection.exec_driver_sql(statement, list(rows))


def update_rows(
    connection: Connection,
    statement: Update,
    shared: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]],
) -> int:
    """Execute a statement for rows that differ in few values; return how many it changed.

    What they share is made ready for the driver once, what differs must be: three times as fast
    as executing it row by row.
    """
    compiled = _compiled(statement, connection.dialect)
    ready = {
        name: _ready(value, compiled.binds[name].type, connection.dialect)
        for name, value in {**compiled.params, **shared}.items()
    }
    given: list[Any] = [{**ready, **row} for row in rows]
    if compiled.positiontup is not None:
        given = list(map(itemgetter(*compiled.positiontup), given))
    return connection.exec_driver_sql(str(compiled), given).rowcount


@lru_cache
def _compiled(statement: Update, dialect: Dialect) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return compiled


def _ready(value: Any, type_: TypeEngine[Any], dialect: Dialect) -> Any:
    process = type_.dialect_impl(dialect).bind_processor(dialect)
    return value if process is None else process(value)


def unindexed(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return a condition that rows are filtered by, but never looked up by.

    Without statistics SQLite takes an index by state to be a good one; it leads to all that was
    ever sent.
    """
    return case((condition, 1), else_=0) == 1


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, which both databases do in the same way."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
