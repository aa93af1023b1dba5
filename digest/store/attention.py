"""Models of expected attention: the last that were learned, with what each knows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from digest.model import AttentionModel
from digest.store.tables import attention_models

_KEPT = 2  # the newest, and the one before for whoever is about to read it


class AttentionModels:
    """The models of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, version: str, *, until: datetime) -> AttentionModel | None:
        """Return the model of a version that was learned last up to a moment."""
        row = self._connection.execute(
            select(
                attention_models.c.id,
                attention_models.c.version,
                attention_models.c.learned_at,
                attention_models.c.papers,
                attention_models.c.newest_at,
            )
            .where(attention_models.c.version == version, attention_models.c.learned_at <= until)
            .order_by(attention_models.c.learned_at.desc(), attention_models.c.id.desc())
            .limit(1)
        ).first()
        return None if row is None else AttentionModel(**row._mapping)

    def count(self) -> int:
        """Return how many there are, whatever their version."""
        return self._connection.execute(
            select(func.count()).select_from(attention_models)
        ).scalar_one()

    def content(self, model: AttentionModel) -> bytes | None:
        """Return a model as it was kept, `None` where it has been deleted meanwhile."""
        found: bytes | None = self._connection.execute(
            select(attention_models.c.content).where(attention_models.c.id == model.id)
        ).scalar_one_or_none()
        return found

    def keep(
        self,
        content: bytes,
        *,
        version: str,
        learned_at: datetime,
        papers: int,
        newest_at: datetime,
    ) -> None:
        """Write a model, and forget all but the last two that were written."""
        self._connection.execute(
            insert(attention_models).values(
                content=content,
                version=version,
                learned_at=learned_at,
                papers=papers,
                newest_at=newest_at,
            )
        )
        last = select(attention_models.c.id).order_by(attention_models.c.id.desc()).limit(_KEPT)
        kept = self._connection.execute(last).scalars().all()
        self._connection.execute(delete(attention_models).where(attention_models.c.id < min(kept)))
