"""Lists of papers: whatever its length, a list is read by the page, from where the last one ended.

Papers are known by their rows here: a list is made of numbers, and texts are read for those that
are shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, func, or_, select

from digest.model import Candidate, Paper
from digest.store.rows import chunks, paper_of
from digest.store.signals import histories
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
        listed_at, which = _when(category)
        paper_id = paper_categories.c.paper_id if category else papers.c.id
        asked = select(paper_id).where(*which, listed_at >= since, listed_at < until)
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

    def figures(self, since: datetime, until: datetime) -> dict[int, dict[str, int]]:
        """Return the latest figure of each name of the same papers, the largest of all sources."""
        found: defaultdict[int, dict[str, int]] = defaultdict(dict)
        period = {"since": since, "until": until}
        for row, name, value in self._connection.execute(_FIGURES, period).all():
            found[row][name] = value
        return dict(found)

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
        return self._seen(papers.c.id.in_(newest), until=until)

    def _seen(
        self, *which: ColumnElement[bool], until: datetime | None = None
    ) -> dict[int, Candidate]:
        listed = self._listed(*which)
        keys = {row: one.paper.key for row, one in listed.items()}
        history = histories(self._connection, keys, until=until)
        return {row: replace(one, signals=tuple(history[row])) for row, one in listed.items()}

    def _listed(self, *which: ColumnElement[bool]) -> dict[int, Candidate]:
        """Return papers that have signals, without them."""
        rows = self._connection.execute(
            select(papers.c.id, papers.c.key, papers.c.categories, papers.c.listed_at).where(
                *which, exists().where(signals.c.paper_id == papers.c.id)
            )
        ).all()
        return {
            row.id: Candidate(
                Paper(row.key, title="", categories=tuple(row.categories)), row.listed_at
            )
            for row in rows
        }

    def within(self, since: datetime, until: datetime, category: str) -> set[int]:
        """Return the rows of the papers of one category."""
        listed_at, which = _when(category)
        rows = self._connection.execute(
            select(paper_categories.c.paper_id).where(*which, listed_at >= since, listed_at < until)
        )
        return set(rows.scalars())

    def of_category(self, category: str) -> list[int]:
        """Return the rows of all papers of one category, in order."""
        rows = self._connection.execute(
            select(paper_categories.c.paper_id).where(paper_categories.c.category == category)
        )
        return sorted(rows.scalars())

    def candidates(self, rows: Sequence[int]) -> list[Candidate]:
        """Return papers with all their signals, in the order that was asked for."""
        return list(self.by_row(rows).values())

    def by_row(self, rows: Sequence[int], *, until: datetime | None = None) -> dict[int, Candidate]:
        """Return the same by row, without signals from after `until`."""
        found = {
            row.id: row
            for chunk in chunks(rows)
            for row in self._connection.execute(_PAPERS, {"ids": chunk}).all()
        }
        history = histories(
            self._connection, {row: one.key for row, one in found.items()}, until=until
        )
        return {
            row: Candidate(paper_of(found[row]), found[row].listed_at, tuple(history[row]))
            for row in rows
            if row in found
        }

    def row(self, key: str) -> int | None:
        """Return the row of a paper."""
        found: int | None = self._connection.execute(
            select(papers.c.id).where(papers.c.key == key)
        ).scalar_one_or_none()
        return found

    def count(self, since: datetime, until: datetime, *, category: str = "") -> int:
        """Return the number of papers, or of those of one category."""
        listed_at, which = _when(category)
        return self._connection.execute(
            select(func.count()).where(*which, listed_at >= since, listed_at < until)
        ).scalar_one()

    def has(self, category: str) -> bool:
        """Say whether any paper has that category, by the letter."""
        one = select(paper_categories.c.category).where(paper_categories.c.category == category)
        return self._connection.execute(one.limit(1)).first() is not None

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

    def all_categories(self) -> list[str]:
        """Return every category that a paper has."""
        rows = self._connection.execute(select(paper_categories.c.category).distinct())
        return list(rows.scalars())

    def last_before(self, moment: datetime, *, category: str = "") -> datetime | None:
        """Return when the last paper, or of a category, before that moment was listed."""
        listed_at, which = _when(category)
        found: datetime | None = self._connection.execute(
            select(func.max(listed_at)).where(listed_at < moment, *which)
        ).scalar_one()
        return found

    def first_from(self, moment: datetime, *, category: str = "") -> datetime | None:
        """Return when the first paper, or of a category, from that moment on was listed."""
        listed_at, which = _when(category)
        found: datetime | None = self._connection.execute(
            select(func.min(listed_at)).where(listed_at >= moment, *which)
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


def _when(category: str) -> tuple[ColumnElement[datetime], list[ColumnElement[bool]]]:
    """Return when papers were listed, and which those of a category are."""
    if not category:
        return papers.c.listed_at, []
    return paper_categories.c.listed_at, [paper_categories.c.category == category]


# Made once: they are executed for every list, or every page of one.
_PAPERS = select(papers).where(papers.c.id.in_(bindparam("ids", expanding=True)))

_BY_AGE = (
    select(
        signals.c.paper_id,
        signals.c.name,
        signals.c.value,
        func.row_number()
        .over(
            partition_by=(signals.c.paper_id, signals.c.source, signals.c.name),
            order_by=signals.c.observed_at.desc(),
        )
        .label("age"),
    )
    .join(papers, papers.c.id == signals.c.paper_id)
    .where(papers.c.listed_at >= bindparam("since"), papers.c.listed_at < bindparam("until"))
    .subquery()
)
_FIGURES = (
    select(_BY_AGE.c.paper_id, _BY_AGE.c.name, func.max(_BY_AGE.c.value))
    .where(_BY_AGE.c.age == 1)
    .group_by(_BY_AGE.c.paper_id, _BY_AGE.c.name)
)
