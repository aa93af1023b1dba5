"""Signals: popularity figures over time. A figure that did not move is not written again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, func, insert, select

from digest.model import Signal, SignalName
from digest.store.changes import Changes
from digest.store.rows import chunks, paper_ids
from digest.store.tables import papers, signals


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
        last = latest(self._connection, ids.values())
        listed = self._listed(ids.values())
        rows, moments = [], []
        for signal in sorted(newest.values(), key=lambda signal: signal.observed_at):
            paper_id = ids.get(signal.paper_key)
            if paper_id is None:
                continue
            series = (paper_id, signal.source, signal.name.value)
            known = last.get(series)
            if known is not None and (known[0] == signal.value or known[1] >= signal.observed_at):
                continue
            last[series] = (signal.value, signal.observed_at)
            # What was seen before a paper was listed counts from then on.
            moments.append(max(signal.observed_at, listed[paper_id]))
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
            Changes(self._connection).note(moments)
        return len(rows)

    def _listed(self, ids: Iterable[int]) -> dict[int, datetime]:
        listed: dict[int, datetime] = {}
        for chunk in chunks(ids):
            rows = self._connection.execute(
                select(papers.c.id, papers.c.listed_at).where(papers.c.id.in_(chunk))
            )
            listed.update((row.id, row.listed_at) for row in rows)
        return listed


def latest(
    connection: Connection, ids: Iterable[int]
) -> dict[tuple[int, str, str], tuple[int, datetime]]:
    """Return the last value of each figure, and when it was seen, by row, source and name."""
    found: dict[tuple[int, str, str], tuple[int, datetime]] = {}
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
        rows = connection.execute(
            select(signals).join(
                newest,
                (signals.c.paper_id == newest.c.paper_id)
                & (signals.c.source == newest.c.source)
                & (signals.c.name == newest.c.name)
                & (signals.c.observed_at == newest.c.observed_at),
            )
        ).all()
        found.update(
            ((row.paper_id, row.source, row.name), (row.value, row.observed_at)) for row in rows
        )
    return found


def histories(
    connection: Connection, known: Mapping[int, str], *, until: datetime | None = None
) -> Mapping[int, list[Signal]]:
    """Return the signals of papers up to a moment by row, oldest first; `known` are their keys."""
    found: defaultdict[int, list[Signal]] = defaultdict(list)
    names = {str(name): name for name in SignalName}
    for chunk in chunks(known):
        rows = connection.execute(_HISTORIES, {"ids": chunk, "until": until or _EVER}).all()
        for paper_id, source, name, value, observed_at in rows:
            found[paper_id].append(Signal(known[paper_id], source, names[name], value, observed_at))
    return found


_EVER = datetime.max.replace(tzinfo=UTC)

# Made once: it is executed for every chunk of papers whose attention is measured.
_HISTORIES = (
    select(
        signals.c.paper_id,
        signals.c.source,
        signals.c.name,
        signals.c.value,
        signals.c.observed_at,
    )
    .where(
        signals.c.paper_id.in_(bindparam("ids", expanding=True)),
        signals.c.observed_at <= bindparam("until"),
    )
    .order_by(signals.c.observed_at, signals.c.id)
)
