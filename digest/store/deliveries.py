"""Deliveries: one row per message, moved from state to state by compare-and-set."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    func,
    insert,
    select,
    update,
)

from digest.model import (
    LIVE_STATES,
    QUIET_REASONS,
    Cadence,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Edition,
    Pick,
    Plan,
    SentDigest,
)
from digest.store.rows import chunks, insert_rows, paper_ids, paper_of, unindexed
from digest.store.subscribers import email_key
from digest.store.tables import deliveries, editions, feedback, papers, picks, subscribers


class Deliveries:
    """The deliveries of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- planning ---------------------------------------------------------------------

    def plan(self, plans: Collection[Plan]) -> list[Plan]:
        """Write what is not there yet, with its picks, and return it.

        A row with the same key stays as it is, unless it was skipped for want of papers: then
        it is planned anew. Whoever was erased since gets none.
        """
        self._wait_for_other_planners({plan.edition_id for plan in plans})
        here = self._here({plan.subscriber_id for plan in plans})
        plans = [plan for plan in plans if plan.subscriber_id in here]
        known = self._by_keys([plan.key for plan in plans])
        written = [plan for plan in plans if plan.key not in known]
        if written:
            self._connection.execute(insert(deliveries), [_columns(plan) for plan in written])
        for plan in plans:
            row = known.get(plan.key)
            if row is None or not _is_quiet(row):
                continue
            changed = self._connection.execute(
                update(deliveries)
                .where(deliveries.c.id == row.id, deliveries.c.state == DeliveryState.SKIPPED)
                .values(_columns(plan))
            )
            if changed.rowcount:
                written.append(plan)
        self._write_picks(written)
        return written

    def _wait_for_other_planners(self, edition_ids: set[int | None]) -> None:
        """Lock these editions, so that what is not written yet is written by nobody else.

        Rows that only refer to them are not held up. SQLite has one writer at a time anyway.
        """
        if edition_ids <= {None}:  # as for mails that answer somebody
            return
        self._connection.execute(
            select(editions.c.id)
            .where(editions.c.id.in_(edition_ids))
            .order_by(editions.c.id)
            .with_for_update(key_share=True)
        )

    def _here(self, subscriber_ids: set[int]) -> set[int]:
        """Return which of these subscribers there are."""
        found: set[int] = set()
        for chunk in chunks(subscriber_ids):
            asked = select(subscribers.c.id).where(subscribers.c.id.in_(chunk))
            # As the foreign key will do: nobody is erased before they are written.
            locked = asked.with_for_update(read=True, key_share=True)
            found.update(self._connection.execute(locked).scalars())
        return found

    def _write_picks(self, plans: Sequence[Plan]) -> None:
        ids = {key: row.id for key, row in self._by_keys([plan.key for plan in plans]).items()}
        paper_id = paper_ids(
            self._connection, (pick.paper.key for plan in plans for pick in plan.picks)
        )
        figures: dict[str, str] = {}  # the same for everybody who gets that paper
        rows = []
        for plan in plans:
            delivery_id = ids[plan.key]
            for pick in plan.picks:
                key = pick.paper.key
                if key not in figures:
                    figures[key] = json.dumps(dict(pick.figures))
                rows.append(
                    (
                        delivery_id,
                        pick.position,
                        paper_id[key],
                        pick.score,
                        pick.relevance,
                        pick.trending,
                        pick.reason,
                        figures[key],
                    )
                )
        insert_rows(self._connection, picks, rows)

    # --- changing ---------------------------------------------------------------------

    def move(
        self,
        delivery_id: int,
        *,
        expected: DeliveryState,
        to: DeliveryState,
        **changes: Any,
    ) -> bool:
        """Move one delivery on if it is still where it is expected; say whether it was.

        What a worker has reserved is taken from it; what it is sending is not `expected` to be.
        """
        moved = self._connection.execute(
            update(deliveries)
            .where(deliveries.c.id == delivery_id, deliveries.c.state == expected)
            .values(state=to, claimed_by=None, lease_until=None, **changes)
        )
        return moved.rowcount == 1

    # --- looking ----------------------------------------------------------------------

    def get(self, delivery_id: int) -> Delivery | None:
        """Return one delivery."""
        return self._one(joined().where(deliveries.c.id == delivery_id))

    def by_key(self, key: str) -> Delivery | None:
        """Return the delivery that has that key."""
        return self._one(joined().where(deliveries.c.key == key))

    def last(self, subscriber_id: int, kind: DeliveryKind) -> Delivery | None:
        """Return the newest delivery of a kind to one subscriber that has arrived or may."""
        return self._one(
            joined()
            .where(
                deliveries.c.subscriber_id == subscriber_id,
                deliveries.c.kind == kind,
                deliveries.c.state.in_(LIVE_STATES),
            )
            .order_by(deliveries.c.id.desc())
            .limit(1)
        )

    def picks(self, delivery_id: int) -> list[Pick]:
        """Return the picks of one delivery, in their order."""
        rows = self._connection.execute(
            select(papers, picks)
            .join(picks, picks.c.paper_id == papers.c.id)
            .where(picks.c.delivery_id == delivery_id)
            .order_by(picks.c.position)
        )
        return [_pick(row) for row in rows]

    def received(self, subscriber_id: int) -> list[tuple[Delivery, list[Pick]]]:
        """Return all deliveries to one subscriber, newest first, with their picks."""
        shown: dict[int, list[Pick]] = {}
        rows = self._connection.execute(
            select(papers, picks)
            .join(picks, picks.c.paper_id == papers.c.id)
            .join(deliveries, deliveries.c.id == picks.c.delivery_id)
            .where(deliveries.c.subscriber_id == subscriber_id)
            .order_by(picks.c.delivery_id, picks.c.position)
        )
        for row in rows:
            shown.setdefault(row.delivery_id, []).append(_pick(row))
        found = self._connection.execute(
            joined()
            .where(deliveries.c.subscriber_id == subscriber_id)
            .order_by(deliveries.c.id.desc())
        )
        return [(delivery_of(row), shown.get(row.id, [])) for row in found]

    def answered(self, *, since: datetime, until: datetime) -> list[SentDigest]:
        """Return the digests that were planned in that time, oldest first, and were sent.

        Only those to subscribers who have given feedback.
        """
        rows = self._connection.execute(
            select(
                deliveries.c.id,
                deliveries.c.subscriber_id,
                deliveries.c.planned_at,
                deliveries.c.facts,
                editions.c.cadence,
            )
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .where(
                deliveries.c.subscriber_id.in_(select(feedback.c.subscriber_id)),
                deliveries.c.planned_at > since,
                deliveries.c.planned_at <= until,
                deliveries.c.kind == DeliveryKind.DIGEST,
                unindexed(deliveries.c.state == DeliveryState.SENT),
            )
            .order_by(deliveries.c.planned_at, deliveries.c.id)
        )
        return [
            SentDigest(
                row.id, row.subscriber_id, row.planned_at, Cadence(row.cadence), facts=row.facts
            )
            for row in rows
        ]

    def counts(self) -> dict[str, int]:
        """Return the number of deliveries by state."""
        rows = self._connection.execute(
            select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state)
        )
        return {row.state: row.number for row in rows}

    def _one(self, statement: Select[Any]) -> Delivery | None:
        row = self._connection.execute(statement).first()
        return None if row is None else delivery_of(row)

    def _by_keys(self, keys: Iterable[str]) -> dict[str, Row[*tuple[Any, ...]]]:
        found: dict[str, Row[*tuple[Any, ...]]] = {}
        for chunk in chunks(dict.fromkeys(keys)):
            rows = self._connection.execute(
                select(
                    deliveries.c.key,
                    deliveries.c.id,
                    deliveries.c.state,
                    deliveries.c.reason,
                ).where(deliveries.c.key.in_(chunk))
            )
            for row in rows:
                found[row.key] = row
        return found

    def list(
        self,
        *,
        state: DeliveryState | None = None,
        email: str | None = None,
        edition_id: int | None = None,
        limit: int | None = None,
    ) -> list[Delivery]:
        """Return deliveries, newest first."""
        wanted = _wanted(state, email, edition_id)
        statement = joined().where(*wanted).order_by(deliveries.c.id.desc())
        if limit is not None:
            statement = statement.limit(limit)
        return [delivery_of(row) for row in self._connection.execute(statement)]

    def number(
        self,
        *,
        state: DeliveryState | None = None,
        email: str | None = None,
        edition_id: int | None = None,
    ) -> int:
        """Return how many `list` would return without a limit."""
        return self._connection.execute(
            select(func.count()).select_from(deliveries).where(*_wanted(state, email, edition_id))
        ).scalar_one()


def _wanted(
    state: DeliveryState | None, email: str | None, edition_id: int | None
) -> Iterator[ColumnElement[bool]]:
    if state is not None:
        yield deliveries.c.state == state
    if edition_id is not None:
        yield deliveries.c.edition_id == edition_id
    if email is not None:
        person = select(subscribers.c.id).where(subscribers.c.email_key == email_key(email))
        yield deliveries.c.subscriber_id == person.scalar_subquery()


def _is_quiet(row: Row[Any]) -> bool:
    return row.state == DeliveryState.SKIPPED and row.reason in QUIET_REASONS


def _columns(plan: Plan) -> dict[str, Any]:
    return {
        "key": plan.key,
        "kind": plan.kind,
        "edition_id": plan.edition_id,
        "subscriber_id": plan.subscriber_id,
        "state": DeliveryState.PLANNED if plan.reason is None else DeliveryState.SKIPPED,
        "reason": plan.reason or "",
        "message_id": plan.message_id,
        "date": plan.planned_at,
        "due_at": plan.due_at,
        "expires_at": plan.expires_at,
        "next_attempt_at": plan.due_at,
        "planned_at": plan.planned_at,
        "facts": dict(plan.facts),
    }


def joined() -> Select[Any]:
    """Return the deliveries with what `delivery_of` needs of their editions."""
    return select(
        deliveries,
        editions.c.cadence.label("edition_cadence"),
        editions.c.date.label("edition_date"),
        editions.c.created_at.label("edition_created_at"),
        editions.c.closes_at.label("edition_closes_at"),
    ).outerjoin(editions, editions.c.id == deliveries.c.edition_id)


def _pick(row: Row[Any]) -> Pick:
    return Pick(
        paper=paper_of(row),
        position=row.position,
        score=row.score,
        relevance=row.relevance,
        trending=row.trending,
        reason=row.reason,
        figures=row.figures,
    )


def delivery_of(row: Row[Any]) -> Delivery:
    """Make a delivery of a row of `joined`."""
    return Delivery(
        id=row.id,
        key=row.key,
        kind=DeliveryKind(row.kind),
        state=DeliveryState(row.state),
        message_id=row.message_id,
        date=row.date,
        subscriber_id=row.subscriber_id,
        edition=None
        if row.edition_id is None
        else Edition(
            row.edition_id,
            Cadence(row.edition_cadence),
            row.edition_date,
            row.edition_created_at,
            row.edition_closes_at,
        ),
        reason=row.reason,
        due_at=row.due_at,
        expires_at=row.expires_at,
        attempts=row.attempts,
        resends=row.resends,
        next_attempt_at=row.next_attempt_at,
        claimed_by=row.claimed_by,
        lease_until=row.lease_until,
        last_reply=row.last_reply,
        planned_at=row.planned_at,
        sent_at=row.sent_at,
        facts=row.facts,
    )
