"""What was considered for subscribers, what they have had or will get, and which one makes way."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, and_, false, func, not_, or_, select, true, update

from digest.model import (
    LIVE_STATES,
    QUIET_REASONS,
    Cadence,
    DeliveryKind,
    DeliveryState,
    SkipReason,
)
from digest.store.outbox import WAITING, as_expired, is_free
from digest.store.rows import chunks, paper_ids, unindexed
from digest.store.tables import deliveries, editions, picks


@dataclass(frozen=True, slots=True)
class Newer:
    """The edition that is planned at a moment: older ones of its cadence that wait make way."""

    cadence: Cadence
    date: date
    now: datetime


class Digests:
    """The digests of subscribers in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def considered_until(
        self,
        subscriber_ids: Iterable[int],
        *,
        after: datetime,
        before: datetime | None = None,
        newer: Newer | None = None,
        besides: str = "",
    ) -> dict[int, datetime]:
        """Return up to when each subscriber's papers were considered in a digest after `after`.

        Those that were planned at `before` or later do not count.

        Deliveries that failed, expired or were cancelled do not count, unless they may have
        arrived all the same: what they would have shown is considered again. Nor do those that
        make way for a newer one, and the one whose key is `besides`.
        """
        found: dict[int, datetime] = {}
        for chunk in chunks(subscriber_ids):
            rows = self._connection.execute(
                select(deliveries.c.subscriber_id, func.max(deliveries.c.planned_at).label("at"))
                .where(
                    deliveries.c.subscriber_id.in_(chunk),
                    deliveries.c.planned_at > after,
                    _planned(before),
                    deliveries.c.kind == DeliveryKind.DIGEST,
                    deliveries.c.key != besides,
                    unindexed(_counts(newer) | _skipped(QUIET_REASONS)),
                )
                .group_by(deliveries.c.subscriber_id)
            )
            found.update((row.subscriber_id, row.at) for row in rows)
        return found

    def shown(
        self,
        subscriber_ids: Iterable[int],
        paper_keys: Collection[str],
        *,
        after: datetime,
        before: datetime | None = None,
        newer: Newer | None = None,
        besides: str = "",
    ) -> dict[int, set[str]]:
        """Return which of those papers, listed after `after`, each subscriber has had or will get.

        What was planned at `before` or later does not count. Those that make way for a newer one do
        not count, nor the one whose key is `besides`.
        """
        found: dict[int, set[str]] = {}
        keys = {id_: key for key, id_ in paper_ids(self._connection, paper_keys).items()}
        for chunk in chunks(subscriber_ids if keys else ()):
            rows = self._connection.execute(
                select(deliveries.c.subscriber_id, picks.c.paper_id)
                .join(picks, picks.c.delivery_id == deliveries.c.id)
                .where(
                    deliveries.c.subscriber_id.in_(chunk),
                    # No digest shows a paper before it is listed.
                    deliveries.c.planned_at > after,
                    _planned(before),
                    unindexed(_counts(newer)),
                    deliveries.c.key != besides,
                )
            )
            for subscriber_id, paper_id in rows:
                if paper_id in keys:
                    found.setdefault(subscriber_id, set()).add(keys[paper_id])
        return found

    def make_way(self, subscriber_ids: Iterable[int], *, after: datetime, newer: Newer) -> int:
        """Expire what waits for these subscribers, for they get a newer one; return how many.

        Only what was planned `after` a moment: of others the papers would be lost.
        """
        count = 0
        for chunk in chunks(subscriber_ids):
            count += self._connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.subscriber_id.in_(chunk),
                    deliveries.c.planned_at > after,
                    unindexed(_makes_way(newer)),
                )
                .values(as_expired("a newer digest takes its place"))
            ).rowcount
        return count


def _planned(before: datetime | None) -> ColumnElement[bool]:
    return true() if before is None else deliveries.c.planned_at < before


def _counts(newer: Newer | None) -> ColumnElement[bool]:
    """Say which deliveries count as had; one of which a copy may have arrived always does."""
    return and_(_MAY_ARRIVE, or_(not_(_makes_way(newer)), deliveries.c.resends > 0))


def _makes_way(newer: Newer | None) -> ColumnElement[bool]:
    """Say which deliveries make way: older ones of the cadence that wait, and nobody holds."""
    if newer is None:
        return false()
    older = select(editions.c.id).where(
        editions.c.cadence == newer.cadence, editions.c.date < newer.date
    )
    return and_(
        deliveries.c.kind == DeliveryKind.DIGEST,
        deliveries.c.state.in_(WAITING),
        deliveries.c.edition_id.in_(older),
        is_free(newer.now),
    )


def _skipped(reasons: Collection[SkipReason]) -> ColumnElement[bool]:
    return (deliveries.c.state == DeliveryState.SKIPPED) & deliveries.c.reason.in_(reasons)


# What has arrived, may still arrive, or may have: a copy whose outcome is not known was dropped,
# or was followed by another one, whatever became of that.
_MAY_ARRIVE = (
    deliveries.c.state.in_(LIVE_STATES)
    | _skipped([SkipReason.DROPPED])
    | (deliveries.c.resends > 0)
)
