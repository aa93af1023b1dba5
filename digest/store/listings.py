"""Lists of papers: whatever its length, a list is read by the page, from where the last one ended.

Papers are known by their rows here: a list is made of numbers, and texts are read for those that
are shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select

from digest.model import Candidate, Paper, Signal, SignalName
from digest.store.rows import chunks, paper_of
from digest.store.tables import paper_categories, papers, signals


class Listings:
    """The lists of one transaction; periods begin at `since` and end before `until`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(
        self,
        since: datetime,
        until: datetime,
        *,
        category: str = "",
        after: int | None = None,
        limit: int,
        quiet: bool = False,
    ) -> list[int]:
        """Return the rows of papers, those that were listed last first.

        `after` is the row at which the page before ended; `quiet` leaves out papers that have
        signals.
        """
        if category:
            place = (paper_categories.c.listed_at, paper_categories.c.paper_id)
            asked = select(place[1]).where(paper_categories.c.category == category)
        else:
            place = (papers.c.listed_at, papers.c.id)
            asked = select(place[1])
        listed_at, paper_id = place
        asked = asked.where(listed_at >= since, listed_at < until)
        if quiet:
            asked = asked.where(~exists().where(signals.c.paper_id == paper_id))
        if after is not None:
            ended = self._connection.execute(
                select(papers.c.listed_at).where(papers.c.id == after)
            ).scalar_one_or_none()
            if ended is None:
                return []
            asked = asked.where(
                listed_at <= ended,
                or_(listed_at < ended, and_(listed_at == ended, paper_id < after)),
            )
        asked = asked.order_by(listed_at.desc(), paper_id.desc()).limit(limit)
        return list(self._connection.execute(asked).scalars())

    def seen(self, since: datetime, until: datetime) -> dict[int, Candidate]:
        """Return the papers that have signals, by row, without what they say.

        Signals stand oldest first.
        """
        return self._seen(papers.c.listed_at >= since, papers.c.listed_at < until)

    def moved(self, since: datetime, until: datetime, *, limit: int) -> dict[int, Candidate]:
        """Return the newest papers with a figure that moved after `since`, in the same way.

        Nothing from after `until` is among them.
        """
        moved = select(signals.c.paper_id).where(
            signals.c.observed_at > since, signals.c.observed_at <= until
        )
        newest = (
            select(papers.c.id)
            .where(papers.c.id.in_(moved), papers.c.listed_at <= until)
            .order_by(papers.c.listed_at.desc(), papers.c.key)
            .limit(limit)
        )
        return self._seen(papers.c.id.in_(newest), signals.c.observed_at <= until)

    def _seen(self, *which: ColumnElement[bool]) -> dict[int, Candidate]:
        found: dict[int, Candidate] = {}
        history: defaultdict[int, list[Signal]] = defaultdict(list)
        for row in self._connection.execute(
            select(papers.c.key, papers.c.categories, papers.c.listed_at, signals)
            .join(signals, signals.c.paper_id == papers.c.id)
            .where(*which)
            .order_by(signals.c.observed_at, signals.c.id)
        ):
            if row.paper_id not in found:
                known = Paper(row.key, title="", categories=tuple(row.categories))
                found[row.paper_id] = Candidate(known, row.listed_at)
            history[row.paper_id].append(_signal_of(row, row.key))
        return {row: replace(one, signals=tuple(history[row])) for row, one in found.items()}

    def within(self, since: datetime, until: datetime, category: str) -> set[int]:
        """Return the rows of the papers of one category."""
        listed_at = paper_categories.c.listed_at
        return set(
            self._connection.execute(
                select(paper_categories.c.paper_id).where(
                    paper_categories.c.category == category, listed_at >= since, listed_at < until
                )
            ).scalars()
        )

    def of_category(self, category: str) -> list[int]:
        """Return the rows of all papers of one category, in order."""
        return sorted(
            self._connection.execute(
                select(paper_categories.c.paper_id).where(paper_categories.c.category == category)
            ).scalars()
        )

    def candidates(self, rows: Sequence[int]) -> list[Candidate]:
        """Return papers with all their signals, in the order that was asked for."""
        return list(self.by_row(rows).values())

    def by_row(self, rows: Sequence[int], *, until: datetime | None = None) -> dict[int, Candidate]:
        """Return the same by row, without signals from after `until`."""
        found = {row.id: row for row in self._rows(select(papers), papers.c.id, rows)}
        history: defaultdict[int, list[Signal]] = defaultdict(list)
        asked = select(signals)
        if until is not None:
            asked = asked.where(signals.c.observed_at <= until)
        for seen in self._rows(asked, signals.c.paper_id, rows):
            history[seen.paper_id].append(_signal_of(seen, found[seen.paper_id].key))
        return {
            row: Candidate(
                paper_of(found[row]),
                found[row].listed_at,
                tuple(sorted(history[row], key=lambda signal: signal.observed_at)),
            )
            for row in rows
            if row in found
        }

    def row(self, key: str) -> int | None:
        """Return the row of a paper."""
        found: int | None = self._connection.execute(
            select(papers.c.id).where(papers.c.key == key)
        ).scalar_one_or_none()
        return found

    def count(self, since: datetime, until: datetime) -> int:
        """Return the number of papers."""
        return self._connection.execute(
            select(func.count())
            .select_from(papers)
            .where(papers.c.listed_at >= since, papers.c.listed_at < until)
        ).scalar_one()

    def categories(self, since: datetime, until: datetime) -> dict[str, int]:
        """Return how many papers each category has, the largest first."""
        number = func.count().label("number")
        rows = self._connection.execute(
            select(paper_categories.c.category, number)
            .where(paper_categories.c.listed_at >= since, paper_categories.c.listed_at < until)
            .group_by(paper_categories.c.category)
            .order_by(number.desc(), paper_categories.c.category)
        )
        return {row.category: row.number for row in rows}

    def last_before(self, moment: datetime) -> datetime | None:
        """Return when the last paper before that moment was listed."""
        found: datetime | None = self._connection.execute(
            select(func.max(papers.c.listed_at)).where(papers.c.listed_at < moment)
        ).scalar_one()
        return found

    def first_from(self, moment: datetime) -> datetime | None:
        """Return when the first paper from that moment on was listed."""
        found: datetime | None = self._connection.execute(
            select(func.min(papers.c.listed_at)).where(papers.c.listed_at >= moment)
        ).scalar_one()
        return found

    def batches(self) -> list[tuple[datetime, int]]:
        """Return how many papers were listed at which moments, oldest first."""
        rows = self._connection.execute(
            select(papers.c.listed_at, func.count().label("number"))
            .group_by(papers.c.listed_at)
            .order_by(papers.c.listed_at)
        )
        return [(row.listed_at, row.number) for row in rows]

    def stamp(self) -> tuple[int, int]:
        """Return what differs when papers or signals have come in."""
        return (
            self._connection.execute(select(func.max(papers.c.id))).scalar_one() or 0,
            self._connection.execute(select(func.max(signals.c.id))).scalar_one() or 0,
        )

    def _rows(self, asked: Select[Any], column: Any, values: Iterable[int]) -> Iterator[Row[Any]]:
        for chunk in chunks(values):
            yield from self._connection.execute(asked.where(column.in_(chunk)))


def _signal_of(row: Row[Any], key: str) -> Signal:
    return Signal(
        paper_key=key,
        source=row.source,
        name=SignalName(row.name),
        value=row.value,
        observed_at=row.observed_at,
    )
