"""The topics that rise, as they were found the last time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from digest.model import KeptTopics
from digest.store.rows import upsert
from digest.store.tables import topics

_ONLY = 1


class Topics:
    """The topics of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def kept(self) -> KeptTopics | None:
        """Return what was found, `None` before anybody has looked for topics."""
        row = self._connection.execute(select(topics)).first()
        return None if row is None else KeptTopics(row.day, row.papers, tuple(row.shown))

    def keep(self, shown: Sequence[Mapping[str, Any]], *, day: date, papers: int) -> None:
        """Write what was found, in the place of what was found before."""
        found = {"day": day, "papers": papers, "shown": list(shown)}
        self._connection.execute(
            upsert(self._connection, topics)
            .values(id=_ONLY, **found)
            .on_conflict_do_update(index_elements=[topics.c.id], set_=found)
        )
