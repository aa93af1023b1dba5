"""How many deliveries stand where: counted in the database, never loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, case, func, or_, select

from digest.model import FINAL_STATES, DeliveryState, Edition, EditionSummary
from digest.store.tables import deliveries

# States in which a delivery is not done with.
OPEN_STATES = tuple(state for state in DeliveryState if state not in FINAL_STATES)

# What an index on the state and the next attempt answers by itself.
_BY_STATE = select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state)


class Counts:
    """The counts of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def summaries(self, editions: Collection[Edition]) -> list[EditionSummary]:
        """Return how far each of these editions is, in their order."""
        skipped = deliveries.c.state == DeliveryState.SKIPPED
        reason = case((skipped, deliveries.c.reason), else_="")
        rows = self._connection.execute(
            select(
                deliveries.c.edition_id,
                deliveries.c.state,
                reason.label("reason"),
                func.count().label("number"),
                func.min(deliveries.c.sent_at).label("first"),
                func.max(deliveries.c.sent_at).label("last"),
            )
            .where(deliveries.c.edition_id.in_([edition.id for edition in editions]))
            .group_by(deliveries.c.edition_id, deliveries.c.state, reason)
        ).all()
        found = []
        for edition in editions:
            states: Counter[DeliveryState] = Counter()
            for row in (mine := [row for row in rows if row.edition_id == edition.id]):
                states[DeliveryState(row.state)] += row.number
            found.append(
                EditionSummary(
                    edition,
                    states=dict(states),
                    skipped={row.reason: row.number for row in mine if row.reason},
                    first_sent_at=min((row.first for row in mine if row.first), default=None),
                    last_sent_at=max((row.last for row in mine if row.last), default=None),
                )
            )
        return found

    def left(self, *, now: datetime) -> dict[DeliveryState, int]:
        """Return by state how many deliveries that were due are not done with.

        What is in doubt counts for as long as it may leave: later only a person can end it.
        """
        expires_at = deliveries.c.expires_at
        rows = self._connection.execute(
            _BY_STATE.where(
                deliveries.c.state.in_(OPEN_STATES),
                deliveries.c.due_at <= now,
                or_(
                    deliveries.c.state != DeliveryState.UNKNOWN,
                    expires_at.is_(None),
                    expires_at > now,
                ),
            )
        )
        return {DeliveryState(row.state): row.number for row in rows}
