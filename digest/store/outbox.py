"""The deliveries that wait or are on their way, moved in groups.

A worker first reserves what is due (`claimed_by`, with a lease; the state stays), then moves the
reserved ones to `sending` just before their content leaves. A crash between the two leaves
nothing in doubt.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)

from digest.model import TOO_LATE, Delivery, DeliveryState, SubscriberStatus, SuppressionReason
from digest.store.deliveries import delivery_of, joined
from digest.store.rows import chunks, update_rows
from digest.store.tables import ANSWERS, deliveries, subscribers, suppressions

WAITING = (DeliveryState.PLANNED, DeliveryState.DEFERRED)
UNDERWAY = (*WAITING, DeliveryState.SENDING)  # what a worker may hold


@dataclass(frozen=True, slots=True)
class Standing:
    """How the addressee of a delivery stands now: gone if there is no status."""

    email: str
    status: SubscriberStatus | None
    suppression: SuppressionReason | None
    returning: bool  # they left, and somebody asks for them to come back


class Outbox:
    """The outgoing deliveries of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def due(self, *, now: datetime) -> int:
        """Return the number of deliveries that may leave now and that nobody has reserved."""
        return self._connection.execute(
            select(func.count())
            .select_from(deliveries)
            .where(deliveries.c.state.in_(WAITING), _may_leave(now))
        ).scalar_one()

    def reserve(
        self,
        worker: str,
        *,
        now: datetime,
        lease_until: datetime,
        limit: int,
        without: Collection[str] = (),
    ) -> list[int]:
        """Reserve what has waited longest in the name of `worker`; return the ids in their order.

        What answers somebody goes before all digests. What goes to the domains `without` is left
        to wait. The state stays as it is: a reserved delivery has certainly not left.
        """
        free = and_(
            _may_leave(now),
            # Where a clock was set, its own leases are over while it works on them.
            deliveries.c.claimed_by.is_distinct_from(worker),
            *(~_goes_to(domain) for domain in without),
        )
        answers = self._oldest(free & ANSWERS, limit)
        ids = list(islice(dict.fromkeys([*answers, *self._oldest(free, limit)]), limit))
        for chunk in chunks(ids):
            self._connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(chunk))
                .values(claimed_by=worker, lease_until=lease_until)
            )
        return ids

    def _oldest(self, condition: ColumnElement[bool], limit: int) -> list[int]:
        """Lock those that wait on that condition; return their ids, oldest first."""
        # One state at a time, so that an index gives the order and a long row is never sorted.
        waiting = heapq.merge(
            *(
                self._connection.execute(
                    select(deliveries.c.next_attempt_at, deliveries.c.id)
                    .where(deliveries.c.state == state, condition)
                    .order_by(deliveries.c.next_attempt_at, deliveries.c.id)
                    .limit(limit)
                    .with_for_update(skip_locked=True)
                ).all()
                for state in WAITING
            )
        )
        return [id_ for _, id_ in islice(waiting, limit)]

    def renew(self, worker: str, *, lease_until: datetime) -> None:
        """Prolong what a worker has reserved or is sending."""
        self._connection.execute(
            update(deliveries)
            .where(deliveries.c.claimed_by == worker, deliveries.c.state.in_(UNDERWAY))
            .values(lease_until=lease_until)
        )

    def release(self, worker: str) -> int:
        """Give back what a worker has reserved and not begun; return how many that were."""
        return self._connection.execute(
            update(deliveries)
            .where(deliveries.c.claimed_by == worker, deliveries.c.state.in_(WAITING))
            .values(claimed_by=None, lease_until=None)
        ).rowcount

    def standings(self, worker: str, ids: Collection[int]) -> dict[int, Standing]:
        """Return how the addressees stand, of those deliveries that are still reserved."""
        rows = self._connection.execute(_STANDINGS, {"ids": list(ids)}).all()
        return {
            row.id: Standing(
                row.email or "",
                None if row.status is None else SubscriberStatus(row.status),
                None if row.suppression is None else SuppressionReason(row.suppression),
                bool(row.is_returning),
            )
            for row in rows
            if row.claimed_by == worker and row.state in WAITING
        }

    def start(self, worker: str, ids: Collection[int], *, lease_until: datetime) -> None:
        """Move reserved deliveries to `sending`: from the commit on, their content may leave."""
        if ids:
            self._connection.execute(
                _START, {"ids": list(ids), "worker": worker, "lease_until": lease_until}
            )

    def sent(self, worker: str, replies: Mapping[int, str], *, now: datetime) -> set[int]:
        """Write that these were taken; return those whose row somebody else has moved on.

        A row that was given up as `unknown` meanwhile is put right: now it is known.
        """
        if not replies:
            return set()
        moved = update_rows(
            self._connection,
            _SENT,
            {"worker": worker, "now": now},
            ({"delivery": id_, "reply": reply} for id_, reply in replies.items()),
        )
        if moved == len(replies):
            return set()
        rows = self._connection.execute(
            select(deliveries.c.id).where(
                deliveries.c.id.in_(list(replies)), deliveries.c.state == DeliveryState.SENT
            )
        )
        return set(replies) - set(rows.scalars())

    def move(
        self, worker: str, delivery_id: int, to: DeliveryState, changes: Mapping[str, Any]
    ) -> bool:
        """Move one claimed delivery on; say whether it still was this worker's."""
        moved = self._connection.execute(
            update(deliveries)
            .where(deliveries.c.id == delivery_id, deliveries.c.claimed_by == worker)
            .values(state=to, claimed_by=None, lease_until=None, **changes)
        )
        return moved.rowcount == 1

    def expire(self, *, now: datetime) -> int:
        """Expire what waits past its time, and return how many that were."""
        return self._connection.execute(
            update(deliveries)
            .where(
                deliveries.c.state.in_(WAITING),
                deliveries.c.expires_at.is_not(None),
                deliveries.c.expires_at <= now,
                is_free(now),
            )
            .values(as_expired(TOO_LATE))
        ).rowcount

    def claimed(self) -> list[Delivery]:
        """Return what workers hold: reserved, or being sent."""
        rows = self._connection.execute(
            joined()
            .where(deliveries.c.state.in_(UNDERWAY), deliveries.c.claimed_by.is_not(None))
            .order_by(deliveries.c.id)
        )
        return [delivery_of(row) for row in rows]


def as_expired(reason: str) -> dict[str, Any]:
    """Return what is written of deliveries that wait and are not to leave any more."""
    return {
        "state": DeliveryState.EXPIRED,
        "reason": reason,
        "claimed_by": None,
        "lease_until": None,
    }


def is_free(now: datetime) -> ColumnElement[bool]:
    """Say which deliveries nobody holds."""
    return or_(deliveries.c.claimed_by.is_(None), deliveries.c.lease_until <= now)


def _goes_to(domain: str) -> ColumnElement[bool]:
    email: ColumnElement[str] = func.lower(subscribers.c.email)
    return exists().where(
        subscribers.c.id == deliveries.c.subscriber_id,
        email.endswith(f"@{domain}", autoescape=True),
    )


def _may_leave(now: datetime) -> ColumnElement[bool]:
    expires_at = deliveries.c.expires_at
    return and_(
        deliveries.c.next_attempt_at <= now,
        or_(expires_at.is_(None), expires_at > now),
        is_free(now),
    )


# Made once: what is executed for every group must not be built anew each time.

_STANDINGS = (
    select(
        deliveries.c.id,
        deliveries.c.claimed_by,
        deliveries.c.state,
        subscribers.c.email,
        subscribers.c.status,
        suppressions.c.reason.label("suppression"),
        subscribers.c.wish.is_not(None).label("is_returning"),
    )
    .select_from(deliveries)
    .outerjoin(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
    .outerjoin(suppressions, suppressions.c.email_hash == subscribers.c.email_hash)
    # By their ids alone: with the state in the question, SQLite walks through all that wait.
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update(of=deliveries)
)

_START = (
    update(deliveries)
    .where(
        deliveries.c.id.in_(bindparam("ids", expanding=True)),
        deliveries.c.claimed_by == bindparam("worker"),
    )
    .values(
        state=DeliveryState.SENDING,
        lease_until=bindparam("lease_until"),
        attempts=deliveries.c.attempts + 1,
    )
)

_SENT = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("delivery"),
        or_(
            deliveries.c.claimed_by == bindparam("worker"),
            deliveries.c.state == DeliveryState.UNKNOWN,
        ),
    )
    .values(
        state=DeliveryState.SENT,
        sent_at=bindparam("now"),
        reason="",
        last_reply=bindparam("reply"),
        claimed_by=None,
        lease_until=None,
    )
)
