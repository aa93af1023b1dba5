"""Signals: popularity figures over time. A figure that did not move is not written again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from digest.model import Signal
from digest.store.rows import chunks, paper_ids
from digest.store.tables import signals


class Signals:
    """The signals of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, observed: Iterable[Signal]) -> int:
        """Write what has moved since the last look, and return how many that were.

        Signals of unknown papers are left out; of several figures of one paper, source, name
        and time the last one counts.
        """
        newest = {
            (signal.paper_key, signal.source, signal.name, signal.observed_at): signal
            for signal in observed
        }
        ids = paper_ids(self._connection, (key for key, *_ in newest))
        latest = self._latest(ids.values())
        rows = []
        for signal in sorted(newest.values(), key=lambda signal: signal.observed_at):
            paper_id = ids.get(signal.paper_key)
            if paper_id is None:
                continue
            series = (paper_id, signal.source, signal.name.value)
            known = latest.get(series)
            if known is not None and (known[0] == signal.value or known[1] >= signal.observed_at):
                continue
            latest[series] = (signal.value, signal.observed_at)
            rows.append(
                {
                    "paper_id": paper_id,
                    "source": signal.source,
                    "name": signal.name.value,
                    "value": signal.value,
                    "observed_at": signal.observed_at,
                }
            )
        if rows:
            self._connection.execute(insert(signals), rows)
        return len(rows)

    def _latest(self, ids: Iterable[int]) -> dict[tuple[int, str, str], tuple[int, datetime]]:
        latest: dict[tuple[int, str, str], tuple[int, datetime]] = {}
        for chunk in chunks(ids):
            newest = (
                select(
                    signals.c.paper_id,
                    signals.c.source,
                    signals.c.name,
                    func.max(signals.c.observed_at).label("observed_at"),
                )
                .where(signals.c.paper_id.in_(chunk))
                .group_by(signals.c.paper_id, signals.c.source, signals.c.name)
                .subquery()
            )
            for row in self._connection.execute(
                select(signals).join(
                    newest,
                    (signals.c.paper_id == newest.c.paper_id)
                    & (signals.c.source == newest.c.source)
                    & (signals.c.name == newest.c.name)
                    & (signals.c.observed_at == newest.c.observed_at),
                )
            ):
                latest[row.paper_id, row.source, row.name] = (row.value, row.observed_at)
        return latest
