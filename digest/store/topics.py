"""The topics that rise, as they were found the last time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from digest.store.tables import topics


class Topics:
    """The topics of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def found_at(self) -> tuple[date, int] | None:
        """Return the day on which topics were looked for, and among how many papers."""
        row = self._connection.execute(select(topics.c.day, topics.c.papers)).first()
        return None if row is None else (row.day, row.papers)

    def shown(self) -> list[Mapping[str, Any]]:
        """Return what was found, as mails and pages show it."""
        return self._connection.execute(select(topics.c.shown)).scalar() or []

    def replace(self, shown: Sequence[Mapping[str, Any]], *, day: date, papers: int) -> None:
        """Write what was found, in the place of what was found before."""
        self._connection.execute(delete(topics))
        self._connection.execute(insert(topics).values(day=day, papers=papers, shown=list(shown)))
