"""How much papers were talked about in stretches of time that are over."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from digest import __version__
from digest.model import Stretch, Window
from digest.store.tables import boards

_OURS = boards.c.version == __version__


class Boards:
    """The boards of one transaction: scores by row, and by how many changes they were measured."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, stretch: Stretch, *, changes: int) -> dict[int, float] | None:
        """Return the scores of a stretch, unless there are none that so many changes led to."""
        found = self._connection.execute(
            select(boards.c.scores).where(*_of(stretch), boards.c.changes == changes, _OURS)
        ).scalar_one_or_none()
        return None if found is None else dict(found)

    def put(self, stretch: Stretch, scores: Mapping[int, float], *, changes: int) -> None:
        """Write the scores of a stretch, in the place of earlier ones."""
        self._connection.execute(delete(boards).where(*_of(stretch)))
        self._connection.execute(
            insert(boards).values(
                since=stretch.since,
                until=stretch.until,
                window=stretch.window.value,
                changes=changes,
                version=__version__,
                scores=list(scores.items()),
            )
        )

    def known(self) -> dict[Stretch, int]:
        """Return the stretches that have scores, and how many changes led to those."""
        rows = self._connection.execute(
            select(boards.c.since, boards.c.until, boards.c.window, boards.c.changes).where(_OURS)
        )
        return {Stretch(row.since, row.until, Window(row.window)): row.changes for row in rows}


def _of(stretch: Stretch) -> tuple[ColumnElement[bool], ...]:
    return (
        boards.c.since == stretch.since,
        boards.c.until == stretch.until,
        boards.c.window == stretch.window.value,
    )
