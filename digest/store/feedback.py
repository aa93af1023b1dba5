"""Feedback: what subscribers said of papers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, true, union

from digest.errors import NotFound
from digest.model import Feedback, InterestKind, Opinion
from digest.store.rows import chunks, paper_ids
from digest.store.tables import feedback, interests, papers


class FeedbackLog:
    """The feedback of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def give(self, subscriber_id: int, paper_key: str, opinion: Opinion, *, now: datetime) -> None:
        """Write an opinion in place of an earlier one; raise `NotFound` for an unknown paper."""
        paper_id = paper_ids(self._connection, [paper_key]).get(paper_key)
        if paper_id is None:
            raise NotFound(f"there is no paper {paper_key}")
        self.withdraw(subscriber_id, paper_key)
        self._connection.execute(
            insert(feedback).values(
                subscriber_id=subscriber_id, paper_id=paper_id, opinion=opinion, given_at=now
            )
        )

    def withdraw(self, subscriber_id: int, paper_key: str) -> None:
        """Forget an opinion."""
        paper_id = paper_ids(self._connection, [paper_key]).get(paper_key)
        self._connection.execute(
            delete(feedback).where(
                feedback.c.subscriber_id == subscriber_id, feedback.c.paper_id == paper_id
            )
        )

    def forget(self, subscriber_id: int) -> None:
        """Forget all opinions of one subscriber."""
        self._connection.execute(delete(feedback).where(feedback.c.subscriber_id == subscriber_id))

    def libraries(self, *, papers_at_most: int, until: datetime | None = None) -> list[list[str]]:
        """Return the keys of the papers that each subscriber likes or gave as a seed.

        Those of the papers that most like, at most so many; libraries of one such paper, too. What
        was said after `until` is left out; when a seed was given is not known.
        """
        said = (
            select(feedback.c.subscriber_id, papers.c.key)
            .join(papers, papers.c.id == feedback.c.paper_id)
            .where(
                feedback.c.opinion == Opinion.MORE,
                true() if until is None else feedback.c.given_at <= until,
            )
        )
        seeds = (
            select(interests.c.subscriber_id, papers.c.key)
            .join(papers, papers.c.key == interests.c.value)
            .where(interests.c.kind == InterestKind.SEED, interests.c.weight > 0)
        )
        likes = union(said, seeds).subquery()
        popular = (
            select(likes.c.key)
            .group_by(likes.c.key)
            .order_by(func.count().desc(), likes.c.key)
            .limit(papers_at_most)
        )
        found: defaultdict[int, list[str]] = defaultdict(list)
        for row in self._connection.execute(
            select(likes)
            .where(likes.c.key.in_(popular))
            .order_by(likes.c.subscriber_id, likes.c.key)
        ):
            found[row.subscriber_id].append(row.key)
        return list(found.values())

    def of(self, subscriber_id: int) -> list[Feedback]:
        """Return the opinions of one subscriber, oldest first."""
        return self.of_many([subscriber_id])[subscriber_id]

    def of_many(self, subscriber_ids: Iterable[int]) -> defaultdict[int, list[Feedback]]:
        """Return the opinions of several subscribers, oldest first."""
        found: defaultdict[int, list[Feedback]] = defaultdict(list)
        for chunk in chunks(subscriber_ids):
            rows = self._connection.execute(
                select(feedback, papers.c.key)
                .join(papers, papers.c.id == feedback.c.paper_id)
                .where(feedback.c.subscriber_id.in_(chunk))
                .order_by(feedback.c.given_at, feedback.c.id)
            )
            for row in rows:
                found[row.subscriber_id].append(
                    Feedback(row.key, Opinion(row.opinion), row.given_at)
                )
        return found
