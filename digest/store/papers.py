"""Papers: one row each, whatever the number of versions, categories and sources."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from digest.model import AsListed, Candidate, Paper, SignalName, Titled, Track
from digest.store.changes import Changes
from digest.store.rows import chunks, paper_of, possible
from digest.store.signals import histories
from digest.store.tables import paper_categories, papers, signals


class Papers:
    """The papers of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> Paper | None:
        """Return one paper."""
        return self.many([key]).get(key)

    def many(self, keys: Iterable[str]) -> dict[str, Paper]:
        """Return those papers that are known, by key."""
        found: dict[str, Paper] = {}
        for chunk in chunks(possible(keys)):
            rows = self._connection.execute(select(papers).where(papers.c.key.in_(chunk)))
            found.update((row.key, paper_of(row)) for row in rows)
        return found

    def add(self, new: Collection[Paper], *, source: str, listed_at: datetime) -> None:
        """Write papers that are not known yet; `listed_at` is when readers could first see them."""
        if new:
            self._connection.execute(
                insert(papers),
                [
                    {
                        "key": paper.key,
                        **_columns(paper),
                        "sources": [source],
                        "listed_at": listed_at,
                        "changed_at": listed_at,
                    }
                    for paper in new
                ],
            )
            self._file(new)
            Changes(self._connection).note([listed_at])

    def change(self, changed: Collection[Paper], *, changed_at: datetime) -> None:
        """Write papers that are known and have changed."""
        filed: dict[str, tuple[list[str], datetime]] = {}
        for chunk in chunks(paper.key for paper in changed):
            for row in self._connection.execute(
                select(papers.c.key, papers.c.categories, papers.c.listed_at).where(
                    papers.c.key.in_(chunk)
                )
            ):
                filed[row.key] = row.categories, row.listed_at
        for paper in changed:
            self._connection.execute(
                update(papers)
                .where(papers.c.key == paper.key)
                .values(**_columns(paper), changed_at=changed_at)
            )
        moved = [
            paper
            for paper in changed
            if paper.key in filed and filed[paper.key][0] != list(paper.categories)
        ]
        self._file(moved)
        # A new text changes nothing of the past, but what is shown from now on.
        Changes(self._connection).note(
            [changed_at for _ in changed] + [filed[paper.key][1] for paper in moved]
        )

    def _file(self, written: Collection[Paper]) -> None:
        """Write under which categories papers are found."""
        for chunk in chunks(written):
            rows = self._connection.execute(
                select(papers.c.id, papers.c.listed_at, papers.c.categories).where(
                    papers.c.key.in_([paper.key for paper in chunk])
                )
            ).all()
            self._connection.execute(
                delete(paper_categories).where(
                    paper_categories.c.paper_id.in_([row.id for row in rows])
                )
            )
            filed = [
                {"category": category, "listed_at": row.listed_at, "paper_id": row.id}
                for row in rows
                for category in dict.fromkeys(row.categories)
            ]
            if filed:
                self._connection.execute(insert(paper_categories), filed)

    def name_source(self, keys: Iterable[str], *, source: str) -> None:
        """Note that `source` has these papers too."""
        for chunk in chunks(dict.fromkeys(keys)):
            rows = self._connection.execute(
                select(papers.c.id, papers.c.sources).where(papers.c.key.in_(chunk))
            ).all()
            for row in rows:
                if source not in row.sources:
                    self._connection.execute(
                        update(papers)
                        .where(papers.c.id == row.id)
                        .values(sources=[*row.sources, source])
                    )

    def listed(self, since: datetime, until: datetime) -> list[Candidate]:
        """Return the papers listed after `since` and up to `until`, with all their signals."""
        return self._candidates(_listed(since, until), until=until)

    def voted(self, since: datetime, until: datetime, *, seen: datetime) -> list[Candidate]:
        """Return those of them that had upvotes, be it none, in a list by the time `seen`."""
        return self._candidates(_voted(since, until, seen), until=seen)

    def count_voted(
        self, since: datetime, until: datetime, *, seen: datetime
    ) -> tuple[int, datetime | None]:
        """Return how many they are, and when the newest of them was listed."""
        row = self._connection.execute(
            select(func.count(), func.max(papers.c.listed_at)).where(_voted(since, until, seen))
        ).one()
        return row[0], row[1]

    def _candidates(self, which: ColumnElement[bool], *, until: datetime) -> list[Candidate]:
        rows = self._connection.execute(select(papers).where(which).order_by(*_NEWEST_FIRST)).all()
        history = histories(self._connection, {row.id: row.key for row in rows}, until=until)
        return [Candidate(paper_of(row), row.listed_at, tuple(history[row.id])) for row in rows]

    def tracks(self, since: datetime, until: datetime, *, limit: int) -> list[Track]:
        """Return how the figures of the newest papers went that had any then, newest first."""
        rows = self._connection.execute(
            select(papers.c.id, papers.c.key, papers.c.categories, papers.c.listed_at)
            .where(
                _listed(since, until),
                exists().where(signals.c.paper_id == papers.c.id, signals.c.observed_at <= until),
            )
            .order_by(*_NEWEST_FIRST)
            .limit(limit)
        ).all()
        history = histories(self._connection, {row.id: row.key for row in rows}, until=until)
        return [
            Track(
                category=row.categories[0] if row.categories else "",
                listed_at=row.listed_at,
                signals=tuple(history[row.id]),
            )
            for row in rows
        ]

    def titles(self, since: datetime, until: datetime, *, limit: int) -> list[Titled]:
        """Return the titles of the newest papers of a time, newest first."""
        rows = self._connection.execute(
            select(papers.c.key, papers.c.title, papers.c.listed_at)
            .where(_listed(since, until))
            .order_by(*_NEWEST_FIRST)
            .limit(limit)
        )
        return [Titled(row.key, row.title, row.listed_at) for row in rows]

    def announced(self, since: datetime, until: datetime) -> dict[date, int]:
        """Return how many papers were listed on each day (UTC) of a time, if any were."""
        day = func.date(papers.c.listed_at, type_=Text)
        rows = self._connection.execute(
            select(day, func.count()).where(_listed(since, until)).group_by(day)
        )
        # PostgreSQL answers with a date, SQLite with its text.
        return {date.fromisoformat(str(when)): number for when, number in rows}

    def days_of(self, source: str, since: datetime, until: datetime) -> set[date]:
        """Return the days in UTC on which papers of a source were listed, from `since` on."""
        rows = self._connection.execute(
            select(papers.c.listed_at, papers.c.sources).where(
                papers.c.listed_at >= since, papers.c.listed_at < until
            )
        )
        return {row.listed_at.astimezone(UTC).date() for row in rows if source in row.sources}

    def recent(self, limit: int, *, until: datetime) -> list[Paper]:
        """Return the newest papers that were listed up to `until`, newest first."""
        rows = self._connection.execute(
            select(papers).where(papers.c.listed_at <= until).order_by(*_NEWEST_FIRST).limit(limit)
        )
        return [paper_of(row) for row in rows]

    def newest_listed_at(self, *, until: datetime) -> datetime | None:
        """Return when the newest paper that was listed up to that moment was listed."""
        found: datetime | None = self._connection.execute(
            select(func.max(papers.c.listed_at)).where(papers.c.listed_at <= until)
        ).scalar_one()
        return found

    def count(self) -> int:
        """Return the number of papers."""
        return self._connection.execute(select(func.count()).select_from(papers)).scalar_one()


_NEWEST_FIRST = (papers.c.listed_at.desc(), papers.c.key)


def _listed(since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(papers.c.listed_at > since, papers.c.listed_at <= until)


def _voted(since: datetime, until: datetime, seen: datetime) -> ColumnElement[bool]:
    told = select(signals.c.paper_id).where(
        signals.c.name == SignalName.UPVOTES.value, signals.c.observed_at <= seen
    )
    return and_(_listed(since, until), papers.c.id.in_(told))


def _columns(paper: Paper) -> dict[str, Any]:
    return {
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "links": [[link.kind.value, link.url] for link in paper.links],
        "organisation": paper.organisation,
        "as_listed": paper.as_listed and _told(paper.as_listed),
        "version": paper.version,
        "published_at": paper.published_at,
        "updated_at": paper.updated_at,
    }


def _told(listed: AsListed) -> dict[str, Any]:
    at = listed.submitted_at
    return {
        "submitted_at": at and at.isoformat(),
        "has_media": listed.has_media,
        "keywords": listed.keywords,
    }
