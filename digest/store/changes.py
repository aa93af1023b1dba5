"""How often something was written of each day: what is worked out from days holds until then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, Connection, func, select

from digest.store.rows import upsert
from digest.store.tables import changes


class Changes:
    """The changes of one transaction; days are those of UTC."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, moments: Iterable[datetime]) -> None:
        """Count what was written of these moments, be it long after them."""
        days = Counter(_day(moment) for moment in moments)
        if days:
            new = upsert(self._connection, changes)
            counted = {"number": changes.c.number + new.excluded.number}
            self._connection.execute(
                new.on_conflict_do_update(index_elements=[changes.c.day], set_=counted),
                [{"day": day, "number": days[day]} for day in sorted(days)],
            )

    def between(self, since: datetime, until: datetime) -> int:
        """Return the number of changes of the days of both moments and those between them."""
        return self._sum(changes.c.day >= _day(since), changes.c.day <= _day(until))

    def total(self) -> int:
        """Return what differs when anything of papers was written."""
        return self._sum()

    def by_day(self) -> dict[date, int]:
        """Return the number of changes of each day that has any, oldest first."""
        rows = self._connection.execute(select(changes).order_by(changes.c.day))
        return {row.day: row.number for row in rows}

    def _sum(self, *which: ColumnElement[bool]) -> int:
        number = func.coalesce(func.sum(changes.c.number), 0)
        # PostgreSQL answers with a decimal.
        return int(self._connection.execute(select(number).where(*which)).scalar_one())


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
