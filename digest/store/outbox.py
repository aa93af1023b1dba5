"""The deliveries that wait or are on their way, moved in groups.

A worker first reserves what is due (`claimed_by`, with a lease; the state stays), then moves the
reserved ones to `sending` just before their content leaves. A crash between the two leaves
nothing in doubt.
"""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    update,
)

from digest.model import (
    Cadence,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Edition,
    Paper,
    Pick,
    Subscriber,
    SubscriberStatus,
    SuppressionReason,
)
from digest.store.deliveries import delivery_of, joined
from digest.store.rows import chunks, paper_of, update_rows
from digest.store.tables import deliveries, editions, papers, picks, subscribers, suppressions

WAITING = (DeliveryState.PLANNED, DeliveryState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the addressee of a delivery stands now: gone if there is no status."""

    email: str
    status: SubscriberStatus | None
    suppression: SuppressionReason | None


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
        self, worker: str, *, now: datetime, lease_until: datetime, limit: int
    ) -> list[int]:
        """Reserve what has waited longest in the name of `worker`; return the ids in their order.

        The state stays as it is: a reserved delivery has certainly not left.
        """
        # One state at a time, so that the index gives the order and a long row is never sorted.
        waiting = heapq.merge(
            *(
                self._connection.execute(
                    select(deliveries.c.next_attempt_at, deliveries.c.id)
                    .where(
                        deliveries.c.state == state,
                        _may_leave(now),
                        # Where a clock was set, its own leases are over while it works on them.
                        deliveries.c.claimed_by.is_distinct_from(worker),
                    )
                    .order_by(deliveries.c.next_attempt_at, deliveries.c.id)
                    .limit(limit)
                    .with_for_update(skip_locked=True)
                ).all()
                for state in WAITING
            )
        )
        ids = [id_ for _, id_ in islice(waiting, limit)]
        for chunk in chunks(ids):
            self._connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(chunk))
                .values(claimed_by=worker, lease_until=lease_until)
            )
        return ids

    def renew(self, worker: str, *, lease_until: datetime) -> None:
        """Prolong what a worker has reserved or is sending."""
        self._connection.execute(
            update(deliveries)
            .where(
                deliveries.c.claimed_by == worker,
                deliveries.c.state.in_((*WAITING, DeliveryState.SENDING)),
            )
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
                _is_free(now),
            )
            .values(
                state=DeliveryState.EXPIRED,
                reason="the time up to which it may leave had passed",
                claimed_by=None,
                lease_until=None,
            )
        ).rowcount

    def claimed(self) -> list[Delivery]:
        """Return what workers hold: reserved, or being sent."""
        rows = self._connection.execute(
            joined()
            .where(
                deliveries.c.state.in_((*WAITING, DeliveryState.SENDING)),
                deliveries.c.claimed_by.is_not(None),
            )
            .order_by(deliveries.c.id)
        )
        return [delivery_of(row) for row in rows]

    # --- what a message is made of ----------------------------------------------------------

    def claims(
        self, ids: Sequence[int], known: dict[int, Paper]
    ) -> list[tuple[Delivery, Subscriber | None, list[Pick]]]:
        """Return deliveries with their addressees and picks, in the order of `ids`.

        They hold what a message is made of, and no more. `known` are papers by row id that were
        loaded before; new ones are added to it.
        """
        found: dict[int, Delivery] = {}
        people: dict[int, Subscriber] = {}
        facts: dict[str, dict[str, Any]] = {}
        made: dict[int, Edition] = {}
        for chunk in chunks(ids):
            for row in self._connection.execute(_CLAIMS, {"ids": chunk}).all():
                delivery = _claimed(row, made, facts)
                found[delivery.id] = delivery
            for id_, *person in self._connection.execute(_ADDRESSEES, {"ids": chunk}).all():
                people[id_] = _addressee(id_, *person)
        chosen = self.picks(ids, known)
        return [(found[id_], people.get(found[id_].subscriber_id or 0), chosen[id_]) for id_ in ids]

    def picks(self, ids: Sequence[int], known: dict[int, Paper]) -> defaultdict[int, list[Pick]]:
        """Return the picks of several deliveries, in their order (see `claims`)."""
        found: defaultdict[int, list[Pick]] = defaultdict(list)
        figures: dict[str, dict[str, Any]] = {}  # the same for everybody who gets that paper
        for chunk in chunks(ids):
            rows = self._connection.execute(_PICKS, {"ids": chunk}).all()
            self._load({row.paper_id for row in rows} - known.keys(), known)
            for delivery_id, position, paper_id, score, relevance, trending, reason, raw in rows:
                if (shown := figures.get(raw)) is None:
                    shown = figures[raw] = json.loads(raw)
                found[delivery_id].append(
                    Pick(known[paper_id], position, score, relevance, trending, reason, shown)
                )
        return found

    def _load(self, paper_ids: Iterable[int], known: dict[int, Paper]) -> None:
        for chunk in chunks(paper_ids):
            rows = self._connection.execute(select(papers).where(papers.c.id.in_(chunk)))
            known.update((row.id, paper_of(row)) for row in rows)


def _claimed(
    row: Sequence[Any], made: dict[int, Edition], facts: dict[str, dict[str, Any]]
) -> Delivery:
    """Make a delivery of a row of `_CLAIMS`; what rows have in common is made once."""
    *own, raw, edition_id, cadence, day, created_at = row
    id_, key, kind, state, message_id, date, subscriber_id, expires_at, attempts, resends = own
    if (known := facts.get(raw)) is None:
        known = facts[raw] = json.loads(raw)
    edition = None
    if edition_id is not None and (edition := made.get(edition_id)) is None:
        edition = made[edition_id] = Edition(edition_id, Cadence(cadence), day, created_at)
    return Delivery(
        id=id_,
        key=key,
        kind=DeliveryKind(kind),
        state=DeliveryState(state),
        message_id=message_id,
        date=date,
        subscriber_id=subscriber_id,
        edition=edition,
        expires_at=expires_at,
        attempts=attempts,
        resends=resends,
        facts=known,
    )


def _addressee(
    id_: int, public_id: str, email: str, status: str, name: str, cadence: str
) -> Subscriber:
    return Subscriber(
        id_, public_id, email, SubscriberStatus(status), name=name, cadence=Cadence(cadence)
    )


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(deliveries.c.claimed_by.is_(None), deliveries.c.lease_until <= now)


def _may_leave(now: datetime) -> ColumnElement[bool]:
    expires_at = deliveries.c.expires_at
    return and_(
        deliveries.c.next_attempt_at <= now,
        or_(expires_at.is_(None), expires_at > now),
        _is_free(now),
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
    )
    .select_from(deliveries)
    .outerjoin(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
    .outerjoin(suppressions, suppressions.c.email_hash == subscribers.c.email_hash)
    # By their ids alone: with the state in the question, SQLite walks through all that wait.
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update(of=deliveries)
)

# Only what a message is made of, and what decides about it: half of the time of whole rows.
_CLAIMS = (
    select(
        deliveries.c.id,
        deliveries.c.key,
        deliveries.c.kind,
        deliveries.c.state,
        deliveries.c.message_id,
        deliveries.c.date,
        deliveries.c.subscriber_id,
        deliveries.c.expires_at,
        deliveries.c.attempts,
        deliveries.c.resends,
        cast(deliveries.c.facts, Text).label("facts"),
        editions.c.id.label("edition_id"),
        editions.c.cadence,
        editions.c.date.label("edition_date"),
        editions.c.created_at,
    )
    .outerjoin(editions, editions.c.id == deliveries.c.edition_id)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
)

_ADDRESSEES = (
    select(
        subscribers.c.id,
        subscribers.c.public_id,
        subscribers.c.email,
        subscribers.c.status,
        subscribers.c.name,
        subscribers.c.cadence,
    )
    .join(deliveries, deliveries.c.subscriber_id == subscribers.c.id)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
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

_PICKS = (
    select(
        picks.c.delivery_id,
        picks.c.position,
        picks.c.paper_id,
        picks.c.score,
        picks.c.relevance,
        picks.c.trending,
        picks.c.reason,
        cast(picks.c.figures, Text).label("figures"),
    )
    .where(picks.c.delivery_id.in_(bindparam("ids", expanding=True)))
    .order_by(picks.c.delivery_id, picks.c.position)
)
