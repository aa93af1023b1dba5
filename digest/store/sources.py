"""Sources: what is remembered of each between two looks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from digest.model import SourceOutcome, SourceState
from digest.store.tables import sources


class Sources:
    """The sources of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> SourceState | None:
        """Return what is remembered of one source."""
        row = self._connection.execute(select(sources).where(sources.c.name == name)).first()
        return None if row is None else _state(row)

    def list(self) -> list[SourceState]:
        """Return every source that was ever looked at, by name."""
        rows = self._connection.execute(select(sources).order_by(sources.c.name))
        return [_state(row) for row in rows]

    def save(self, state: SourceState) -> None:
        """Write what is to be remembered of one source."""
        values = {
            "kind": state.kind,
            "cursor": state.cursor,
            "next_check_at": state.next_check_at,
            "last_checked_at": state.last_checked_at,
            "last_success_at": state.last_success_at,
            "last_outcome": None if state.last_outcome is None else state.last_outcome.value,
            "last_error": state.last_error,
            "error_count": state.error_count,
        }
        changed = self._connection.execute(
            update(sources).where(sources.c.name == state.name).values(**values)
        )
        if not changed.rowcount:
            self._connection.execute(insert(sources).values(name=state.name, **values))


def _state(row: Row[Any]) -> SourceState:
    return SourceState(
        name=row.name,
        kind=row.kind,
        cursor=row.cursor,
        next_check_at=row.next_check_at,
        last_checked_at=row.last_checked_at,
        last_success_at=row.last_success_at,
        last_outcome=None if row.last_outcome is None else SourceOutcome(row.last_outcome),
        last_error=row.last_error,
        error_count=row.error_count,
    )
