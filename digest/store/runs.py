"""Runs: what was done when, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from digest.model import Run
from digest.store.tables import runs


class Runs:
    """The run record of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(self, command: str, *, now: datetime) -> int:
        """Write that something begins, and return the entry's id."""
        added = self._connection.execute(
            insert(runs).values(command=command, started_at=now, report={})
        )
        (run_id,) = added.inserted_primary_key or (0,)
        return int(run_id)

    def finish(
        self, run_id: int, *, outcome: str, report: Mapping[str, Any], now: datetime
    ) -> None:
        """Write how it ended."""
        self._connection.execute(
            update(runs)
            .where(runs.c.id == run_id)
            .values(finished_at=now, outcome=outcome, report=dict(report))
        )

    def newest(self, *, since: datetime) -> list[Run]:
        """Return the newest entry of each command that began since that moment and has ended."""
        newest = (
            select(func.max(runs.c.id))
            .where(runs.c.started_at >= since, runs.c.finished_at.is_not(None))
            .group_by(runs.c.command)
        )
        rows = self._connection.execute(
            select(runs).where(runs.c.id.in_(newest)).order_by(runs.c.command)
        )
        return [_run(row) for row in rows]

    def list(self, *, command: str | None = None, limit: int = 20) -> list[Run]:
        """Return the newest entries, newest first."""
        statement = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if command is not None:
            statement = statement.where(runs.c.command == command)
        return [_run(row) for row in self._connection.execute(statement)]

    def prune(self, *, before: datetime) -> int:
        """Delete the entries that began before that moment, and say how many."""
        return self._connection.execute(delete(runs).where(runs.c.started_at < before)).rowcount


def _run(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        command=row.command,
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=row.outcome,
        report=row.report,
    )
