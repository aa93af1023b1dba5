"""What the messages of reserved deliveries are made of, read for many at a time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, select

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
)
from digest.store.rows import chunks, paper_of
from digest.store.tables import deliveries, editions, papers, picks, subscribers


class Claims:
    """The deliveries of one transaction, with all that is needed to send them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(
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
        chosen = self._picks(ids, known)
        return [(found[id_], people.get(found[id_].subscriber_id or 0), chosen[id_]) for id_ in ids]

    def _picks(self, ids: Sequence[int], known: dict[int, Paper]) -> defaultdict[int, list[Pick]]:
        """Return the picks of several deliveries, in their order (see `of`)."""
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
    *own, raw, edition_id, cadence, day, created_at, closes_at = row
    id_, key, kind, state, message_id, date, subscriber_id, expires_at, attempts, resends = own
    if (known := facts.get(raw)) is None:
        known = facts[raw] = json.loads(raw)
    edition = None
    if edition_id is not None and (edition := made.get(edition_id)) is None:
        edition = made[edition_id] = Edition(
            edition_id, Cadence(cadence), day, created_at, closes_at
        )
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
        editions.c.closes_at,
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
