"""Suppressions: addresses that get no mail, known by a keyed hash only."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from digest.model import SuppressionReason
from digest.store.tables import subscribers, suppressions


class Suppression(NamedTuple):
    """One suppressed address."""

    email_hash: str
    reason: SuppressionReason
    note: str
    created_at: datetime


class Suppressions:
    """The suppressions of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def reason(self, email_hash: str) -> SuppressionReason | None:
        """Return why that address gets no mail, `None` if it may."""
        found = self._connection.execute(_REASON, {"email_hash": email_hash}).scalar_one_or_none()
        return None if found is None else SuppressionReason(found)

    def of(self, subscriber_id: int) -> SuppressionReason | None:
        """Return why that subscriber's address gets no mail, `None` if it may."""
        found = self._connection.execute(_REASON_OF, {"id": subscriber_id}).scalar_one_or_none()
        return None if found is None else SuppressionReason(found)

    def add(
        self, email_hash: str, reason: SuppressionReason, *, now: datetime, note: str = ""
    ) -> None:
        """Suppress an address; an earlier reason is replaced."""
        self.remove(email_hash)
        self._connection.execute(
            insert(suppressions).values(
                email_hash=email_hash, reason=reason, note=note, created_at=now
            )
        )

    def remove(self, email_hash: str) -> bool:
        """Allow mail again; say whether it was suppressed."""
        removed = self._connection.execute(
            delete(suppressions).where(suppressions.c.email_hash == email_hash)
        )
        return removed.rowcount > 0

    def list(self) -> list[Suppression]:
        """Return all suppressions, newest first."""
        rows = self._connection.execute(
            select(suppressions).order_by(suppressions.c.created_at.desc())
        )
        return [
            Suppression(row.email_hash, SuppressionReason(row.reason), row.note, row.created_at)
            for row in rows
        ]


# Made once: they are executed for every subscriber of an import.
_REASON = select(suppressions.c.reason).where(suppressions.c.email_hash == bindparam("email_hash"))
_REASON_OF = (
    select(suppressions.c.reason)
    .join(subscribers, subscribers.c.email_hash == suppressions.c.email_hash)
    .where(subscribers.c.id == bindparam("id"))
)
