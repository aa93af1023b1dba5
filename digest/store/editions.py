"""Editions: one row per cadence and date."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row, select

from digest.model import Cadence, Edition
from digest.store.rows import upsert
from digest.store.tables import editions


class Editions:
    """The editions of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, cadence: Cadence, date: dt.date, *, now: dt.datetime) -> Edition:
        """Return the edition of that date, for which papers are chosen now.

        It is written if it is not there yet.
        """
        known = self.get(cadence, date)
        if known is not None and now <= known.closes_at:
            return known
        # Another planner may write it at the same moment.
        self._connection.execute(
            upsert(self._connection, editions)
            .values(cadence=cadence, date=date, created_at=now, closes_at=now)
            .on_conflict_do_update(
                index_elements=["cadence", "date"],
                set_={"closes_at": now},
                where=editions.c.closes_at < now,
            )
        )
        edition = self.get(cadence, date)
        assert edition is not None
        return edition

    def get(self, cadence: Cadence, date: dt.date) -> Edition | None:
        """Return one edition."""
        row = self._connection.execute(
            select(editions).where(editions.c.cadence == cadence, editions.c.date == date)
        ).first()
        return None if row is None else edition_of(row)

    def before(self, edition: Edition) -> Edition | None:
        """Return the last one of the same cadence that came before."""
        row = self._connection.execute(
            select(editions)
            .where(editions.c.cadence == edition.cadence, editions.c.date < edition.date)
            .order_by(editions.c.date.desc())
            .limit(1)
        ).first()
        return None if row is None else edition_of(row)

    def list(self, *, limit: int = 50) -> list[Edition]:
        """Return the newest editions, newest first."""
        rows = self._connection.execute(
            select(editions).order_by(editions.c.date.desc(), editions.c.cadence).limit(limit)
        )
        return [edition_of(row) for row in rows]


def edition_of(row: Row[Any]) -> Edition:
    """Make an edition of a row of the table `editions`."""
    return Edition(
        id=row.id,
        cadence=Cadence(row.cadence),
        date=row.date,
        created_at=row.created_at,
        closes_at=row.closes_at,
    )
