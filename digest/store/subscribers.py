"""Subscribers and their interests."""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from digest.errors import InvalidInput
from digest.model import (
    QUIET_REASONS,
    Cadence,
    Edition,
    Interest,
    InterestKind,
    Rhythm,
    Subscriber,
    SubscriberStatus,
)
from digest.store.rows import chunks
from digest.store.tables import SKIPPED, deliveries, interests, picks, subscribers


class Subscribers:
    """The subscribers of one transaction."""

    def __init__(self, connection: Connection, hash_email: Callable[[str], str]) -> None:
        self._connection = connection
        self._hash_email = hash_email

    def add(
        self,
        *,
        email: str,
        status: SubscriberStatus,
        now: datetime,
        interests: Iterable[Interest] = (),
        **preferences: Any,
    ) -> Subscriber:
        """Write a new subscriber; raise `InvalidInput` where the address is known already."""
        values = {
            "public_id": secrets.token_hex(8),
            "email": email,
            "email_key": email_key(email),
            "email_hash": self._hash_email(email),
            "status": status,
            "cadence": Cadence.DAILY,
            "created_at": now,
            "consent": {},
            **preferences,
        }
        try:
            with self._connection.begin_nested():
                row = self._connection.execute(_ADD, values).one()
        except IntegrityError as error:
            raise InvalidInput(f"{email} is a subscriber already") from error
        return _subscriber(row, self._write_interests(row.id, interests, lambda _: now))

    def by_id(self, subscriber_id: int) -> Subscriber | None:
        """Return one subscriber."""
        return self._one(select(subscribers).where(subscribers.c.id == subscriber_id))

    def by_public_id(self, public_id: str) -> Subscriber | None:
        """Return the subscriber whom a link names."""
        return self._one(select(subscribers).where(subscribers.c.public_id == public_id))

    def by_email(self, email: str) -> Subscriber | None:
        """Return the subscriber with that address, however it is written."""
        return self._one(_BY_EMAIL, email_key=email_key(email))

    # --- who is due -------------------------------------------------------------------

    def rhythms(self) -> Counter[Rhythm]:
        """Return the number of confirmed subscribers by rhythm."""
        return self._by_rhythm(subscribers.c.status == SubscriberStatus.CONFIRMED)

    def unplanned(
        self, cadence: Cadence, edition: Edition | None, *, newest_paper: datetime | None
    ) -> Counter[Rhythm]:
        """Return the number of those by rhythm whom nothing is planned for yet in an edition.

        Who was skipped for want of papers counts again when a paper was listed since.
        """
        return self._by_rhythm(
            subscribers.c.status == SubscriberStatus.CONFIRMED,
            subscribers.c.cadence == cadence,
            _unplanned(edition, newest_paper),
        )

    def to_plan(
        self,
        rhythm: Rhythm,
        edition: Edition,
        *,
        newest_paper: datetime | None,
        after: int,
        limit: int,
    ) -> list[Subscriber]:
        """Return the first of them (see `unplanned`) whose id is above `after`, in order."""
        return self._many(
            select(subscribers)
            .where(
                subscribers.c.status == SubscriberStatus.CONFIRMED,
                _has(rhythm),
                subscribers.c.id > after,
                _unplanned(edition, newest_paper),
            )
            .order_by(subscribers.c.id)
            .limit(limit)
        )

    def _by_rhythm(self, *conditions: ColumnElement[bool]) -> Counter[Rhythm]:
        rows = self._connection.execute(
            select(*_RHYTHM, func.count().label("number"))
            .where(*conditions)
            .group_by(*_RHYTHM)
            .order_by(*_RHYTHM)
        )
        return Counter({_rhythm(row): row.number for row in rows})

    def counts(self) -> dict[str, int]:
        """Return the number of subscribers by status."""
        rows = self._connection.execute(
            select(subscribers.c.status, func.count().label("number")).group_by(
                subscribers.c.status
            )
        )
        return {row.status: row.number for row in rows}

    def edit(self, subscriber_id: int, **changes: Any) -> None:
        """Change columns of one subscriber; raise `InvalidInput` for an address in use."""
        if "email" in changes:
            changes["email_key"] = email_key(changes["email"])
            changes["email_hash"] = self._hash_email(changes["email"])
        if not changes:
            return
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    update(subscribers).where(subscribers.c.id == subscriber_id).values(**changes)
                )
        except IntegrityError as error:
            raise InvalidInput(f"{changes.get('email')} is a subscriber already") from error

    def since(self, subscriber_id: int) -> dict[Interest, datetime]:
        """Return since when one subscriber has had each interest."""
        rows = self._connection.execute(
            select(interests)
            .where(interests.c.subscriber_id == subscriber_id)
            .order_by(interests.c.id)
        )
        return {
            Interest(InterestKind(row.kind), row.value, row.weight): row.added_at for row in rows
        }

    def set_interests(self, subscriber_id: int, wanted: Iterable[Interest], now: datetime) -> None:
        """Replace all interests of one subscriber; the ones that stay keep their age."""
        age = {(one.kind, one.value): at for one, at in self.since(subscriber_id).items()}
        self._connection.execute(
            delete(interests).where(interests.c.subscriber_id == subscriber_id)
        )
        self._write_interests(
            subscriber_id, wanted, lambda one: age.get((one.kind, one.value), now)
        )

    def _write_interests(
        self,
        subscriber_id: int,
        wanted: Iterable[Interest],
        added_at: Callable[[Interest], datetime],
    ) -> list[Interest]:
        """Write the interests of one who has none; return them, each once."""
        unique = list({(one.kind, one.value): one for one in wanted}.values())
        if unique:
            self._connection.execute(
                insert(interests),
                [
                    {
                        "subscriber_id": subscriber_id,
                        "kind": one.kind,
                        "value": one.value,
                        "weight": one.weight,
                        "added_at": added_at(one),
                    }
                    for one in unique
                ],
            )
        return unique

    def pauses(self, *, until: date) -> list[tuple[Rhythm, date]]:
        """Return the pauses that end on that day or before, each once: whose, and when."""
        rows = self._connection.execute(
            select(*_RHYTHM, subscribers.c.paused_until)
            .where(_PAUSED, subscribers.c.paused_until <= until)
            .distinct()
        )
        return [(_rhythm(row), row.paused_until) for row in rows]

    def wake(self, rhythm: Rhythm, until: date) -> int:
        """Confirm those of a rhythm again whose pause ends on that day; say how many."""
        return self._connection.execute(
            update(subscribers)
            .where(_PAUSED, subscribers.c.paused_until == until, _has(rhythm))
            .values(status=SubscriberStatus.CONFIRMED, paused_until=None)
        ).rowcount

    def erase(self, subscriber_id: int) -> None:
        """Delete one subscriber with all that names them or what they like.

        Of their deliveries it is left what became of each.
        """
        theirs = deliveries.c.subscriber_id == subscriber_id
        ids = select(deliveries.c.id).where(theirs).scalar_subquery()
        # Reasons quote interests, and relays the address.
        self._connection.execute(delete(picks).where(picks.c.delivery_id.in_(ids)))
        self._connection.execute(
            update(deliveries)
            .where(theirs)
            .values(
                key=literal("erased:") + cast(deliveries.c.id, String),
                reason=case((SKIPPED, deliveries.c.reason), else_=""),
                last_reply="",
                facts={},
            )
        )
        self._connection.execute(delete(subscribers).where(subscribers.c.id == subscriber_id))

    def _one(self, statement: Select[Any], **values: Any) -> Subscriber | None:
        return next(iter(self._many(statement, **values)), None)

    def _many(self, statement: Select[Any], **values: Any) -> list[Subscriber]:
        rows = self._connection.execute(statement, values).all()
        wanted: defaultdict[int, list[Interest]] = defaultdict(list)
        # Many people want the same: one value stands for all of them.
        known: dict[tuple[str, str, float], Interest] = {}
        for chunk in chunks(row.id for row in rows):
            found = self._connection.execute(_INTERESTS, {"ids": chunk}).all()
            for subscriber_id, kind, value, weight in found:
                told = (kind, value, weight)
                if told not in known:
                    known[told] = Interest(InterestKind(kind), value, weight)
                wanted[subscriber_id].append(known[told])
        return [_subscriber(row, wanted.get(row.id, ())) for row in rows]

    def wishing(self) -> list[Subscriber]:
        """Return those who left and have not confirmed yet that they come back."""
        return self._many(select(subscribers).where(subscribers.c.wish.is_not(None)))

    def list(self, status: SubscriberStatus | None = None) -> list[Subscriber]:
        """Return all subscribers, oldest first."""
        which = true() if status is None else subscribers.c.status == status
        return self._many(select(subscribers).where(which).order_by(subscribers.c.id))


_PAUSED = subscribers.c.status == SubscriberStatus.PAUSED
_RHYTHM = (subscribers.c.cadence, subscribers.c.hour, subscribers.c.timezone)

# Made once: they are executed for every subscriber of an import, and for every chunk of a plan.
_ADD = insert(subscribers).returning(subscribers)
_BY_EMAIL = select(subscribers).where(subscribers.c.email_key == bindparam("email_key"))
_INTERESTS = (
    select(interests.c.subscriber_id, interests.c.kind, interests.c.value, interests.c.weight)
    .where(interests.c.subscriber_id.in_(bindparam("ids", expanding=True)))
    .order_by(interests.c.id)
)


def _has(rhythm: Rhythm) -> ColumnElement[bool]:
    values = (rhythm.cadence, rhythm.hour, rhythm.timezone)
    return and_(*(column == value for column, value in zip(_RHYTHM, values, strict=True)))


def _rhythm(row: Row[*tuple[Any, ...]]) -> Rhythm:
    return Rhythm(Cadence(row.cadence), row.hour, row.timezone)


def _unplanned(edition: Edition | None, newest_paper: datetime | None) -> ColumnElement[bool]:
    if edition is None:
        return true()
    written = exists().where(
        deliveries.c.edition_id == edition.id, deliveries.c.subscriber_id == subscribers.c.id
    )
    if newest_paper is None:
        return ~written
    open_again = select(deliveries.c.subscriber_id).where(
        deliveries.c.edition_id == edition.id,
        SKIPPED,
        deliveries.c.reason.in_(QUIET_REASONS),
        deliveries.c.planned_at < newest_paper,
    )
    return ~written | subscribers.c.id.in_(open_again)


def email_key(email: str) -> str:
    """Return an address as it is compared: lower case."""
    return email.strip().lower()


def _subscriber(row: Row[Any], wanted: Iterable[Interest]) -> Subscriber:
    return Subscriber(
        id=row.id,
        public_id=row.public_id,
        email=row.email,
        status=SubscriberStatus(row.status),
        name=row.name,
        cadence=Cadence(row.cadence),
        hour=row.hour,
        timezone=row.timezone,
        max_papers=row.max_papers,
        trending_weight=row.trending_weight,
        interests=tuple(wanted),
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        unsubscribed_at=row.unsubscribed_at,
        paused_until=row.paused_until,
        feed_since=row.feed_since,
        consent=row.consent,
        wish=row.wish,
    )
