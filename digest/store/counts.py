"""How many deliveries stand where: counted in the database, never loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, case, func, or_, select

from digest.model import FINAL_STATES, DeliveryState, Edition, EditionSummary
from digest.store.outbox import UNDERWAY
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

    def by_state(self, *, since: datetime) -> dict[DeliveryState, int]:
        """Return how many deliveries of each state there are.

        Those in a final state count when they were due, or tried again, since that moment.
        """
        found: Counter[DeliveryState] = Counter()
        # Two questions: an index answers each of them, and none the two as one.
        for condition in (
            deliveries.c.state.in_(OPEN_STATES),
            deliveries.c.state.in_(FINAL_STATES) & (deliveries.c.next_attempt_at >= since),
        ):
            for row in self._connection.execute(_BY_STATE.where(condition)):
                found[DeliveryState(row.state)] = row.number
        return dict(found)

    def oldest_due(self, *, now: datetime) -> datetime | None:
        """Return since when the delivery that has waited longest could have left."""
        oldest: datetime | None = self._connection.execute(
            select(func.min(deliveries.c.next_attempt_at)).where(
                deliveries.c.state.in_(UNDERWAY), deliveries.c.next_attempt_at <= now
            )
        ).scalar_one()
        return oldest

    def sent(self, *, since: datetime, due_since: datetime) -> int:
        """Return how many deliveries were sent since a moment.

        Those that could have left before `due_since` are not looked at: that keeps it cheap.
        """
        return self._connection.execute(
            select(func.count())
            .select_from(deliveries)
            .where(
                deliveries.c.state == DeliveryState.SENT,
                deliveries.c.next_attempt_at >= due_since,
                deliveries.c.sent_at >= since,
            )
        ).scalar_one()
