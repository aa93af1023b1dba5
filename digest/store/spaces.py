"""What papers are about: one space that was learned from the archive, and their places in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from digest.store.tables import paper_vectors, papers, spaces


class Spaces:
    """The space of one transaction; vectors are bytes, by the row of the paper."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self) -> tuple[int, int] | None:
        """Return the number of the space, and how many papers there were when it was learned."""
        row = self._connection.execute(
            select(spaces.c.id, spaces.c.papers).order_by(spaces.c.id.desc()).limit(1)
        ).first()
        return None if row is None else (row.id, row.papers)

    def content(self, space: int) -> bytes:
        """Return a space as it was kept."""
        found: bytes = self._connection.execute(
            select(spaces.c.content).where(spaces.c.id == space)
        ).scalar_one()
        return found

    def replace(self, content: bytes, *, papers: int, now: datetime) -> int:
        """Keep a new space, forget the one before with its vectors, and return its number."""
        before = self.newest()
        made = self._connection.execute(
            insert(spaces).values(content=content, papers=papers, learned_at=now)
        ).inserted_primary_key
        assert made is not None
        if before is not None:
            self._connection.execute(delete(spaces).where(spaces.c.id == before[0]))
        number: int = made[0]
        return number

    def sample(self, number: int) -> list[tuple[str, str]]:
        """Return the title and abstract of about so many papers, evenly from all of them."""
        most = self._connection.execute(select(func.max(papers.c.id))).scalar_one() or 0
        step = max(1, most // number)
        rows = self._connection.execute(
            select(papers.c.title, papers.c.abstract)
            .where(papers.c.id % step == 0)
            .order_by(papers.c.id)
        )
        return [(row.title, row.abstract) for row in rows]

    def missing(self, space: int, *, limit: int) -> list[tuple[int, str, str]]:
        """Return row, title and abstract of the oldest papers that have no vector yet."""
        rows = self._connection.execute(
            select(papers.c.id, papers.c.title, papers.c.abstract)
            .where(papers.c.id > self.reach(space))
            .order_by(papers.c.id)
            .limit(limit)
        )
        return [(row.id, row.title, row.abstract) for row in rows]

    def reach(self, space: int) -> int:
        """Return the newest row that has a vector, or 0."""
        newest: int | None = self._connection.execute(
            select(func.max(paper_vectors.c.paper_id)).where(paper_vectors.c.space_id == space)
        ).scalar_one()
        return newest or 0

    def put(self, space: int, vectors: Iterable[tuple[int, bytes]]) -> None:
        """Write vectors."""
        rows = [
            {"space_id": space, "paper_id": paper, "vector": vector} for paper, vector in vectors
        ]
        if rows:
            self._connection.execute(insert(paper_vectors), rows)

    def vectors(self, space: int, *, after: int) -> Sequence[tuple[int, bytes]]:
        """Return the vectors of newer rows, in order."""
        rows = self._connection.execute(
            select(paper_vectors.c.paper_id, paper_vectors.c.vector)
            .where(paper_vectors.c.space_id == space, paper_vectors.c.paper_id > after)
            .order_by(paper_vectors.c.paper_id)
        )
        # Of a hundred thousand rows, no more is made than there has to be.
        return rows.all()
